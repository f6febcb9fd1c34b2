"""The commands of `timebank`, a module each for what they are about; `web.cli` lists them."""
