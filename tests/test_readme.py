"""The README keeps its word: its commands exist, its links lead somewhere, Chinese comes first.

Knows what a reader would try; refuses to run it, which `make demo` and the other tests do.
"""

import re
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import click
import pytest

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text("utf-8")
SHELL = [
    line.partition("#")[0].strip()
    for block in re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
    for line in block.splitlines()
]
OPTIONS = re.compile(r"(?<= )--(?:data|database) \S+ ?|(?<= )--json ?")
INLINE = re.findall(r"`((?:make|timebank) [^`]+)`", README)


def commands(program: str) -> set[str]:
    """What the README tells the reader to ask of a program: the first word after its options."""
    asked = (OPTIONS.sub("", line).split() for line in [*SHELL, *INLINE])
    return {
        words[1] for words in asked if len(words) > 1 and words[0].rpartition("/")[2] == program
    }


def test_every_make_target_in_the_readme_exists() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([\w-]+):(?!=)", makefile, re.MULTILINE))

    assert {"demo", "test"} <= commands("make") <= targets


@pytest.mark.skipif(not find_spec("web.cli"), reason="there is no command line yet")
def test_every_timebank_command_in_the_readme_exists() -> None:
    main = import_module("web.cli").main

    assert isinstance(main, click.Group)
    assert commands("timebank") <= set(main.list_commands(click.Context(main)))


def test_every_file_that_the_readme_points_to_is_there() -> None:
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", README)

    assert links
    assert not [link for link in links if not (ROOT / link).exists()]


def test_the_readme_opens_in_chinese() -> None:
    opening = README.split("\n\n")[1]
    chinese = re.findall(r"[一-鿿]", opening)

    assert len(chinese) > len(opening) / 2
