"""Verifier keys as words of the command line."""

import click

from ledger.checkpoint import InvalidNote, Verifier


class Key(click.ParamType[Verifier]):
    """A verifier key, as `timebank` prints them."""

    name = "vkey"

    def convert(
        self, value: str | Verifier, param: click.Parameter | None, context: click.Context | None
    ) -> Verifier:
        """The key, or wrong use."""
        if isinstance(value, Verifier):
            return value
        try:
            return Verifier.parse(value)
        except InvalidNote as error:
            self.fail(f"no verifier key ({error})", param, context)
