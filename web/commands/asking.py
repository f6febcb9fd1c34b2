"""The command that asks the API: all that pages do is done from a terminal too, by the same rights.

Whoever asks proves who they are by a token, of a session or of a station's device: running the
software gives nobody another's rights. The journal of the command writes beside a running server's.
"""

import sys
from typing import IO, Any

import click
import msgspec

from schema.context import Context
from schema.errors import Refused
from schema.execution import Answer, whole
from timebank import bank, vault, words
from timebank.journal import current
from timebank.sign_in import actor_of
from web.commands.asked import FOUND, USAGE, Asked, at_data, console, run, there
from web.pages.table import OPERATIONS


class Document(click.File):
    """A file, - for standard input, or the name of a stored operation, as pages ask them."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> IO[Any]:
        """The text to read; a file that is called like an operation is told with its folder."""
        stored = OPERATIONS / f"{value}.graphql"
        known = isinstance(value, str) and value.isidentifier() and stored.is_file()
        return super().convert(str(stored) if known else value, param, ctx)


@click.command("ask")
@click.argument("document", type=Document("r", encoding="utf-8"))
@click.option("--variables", type=click.File("rb"), help="A JSON object of the variables.")
@click.option(
    "--token-file", type=click.File("r"), help="Who asks; without it, what is open to all."
)
@click.option("--language", type=click.Choice(["zh-CN", "en"]), default="en", show_default=True)
@at_data
@click.pass_obj
def ask(
    asked: Asked,
    document: IO[str],
    variables: IO[bytes] | None,
    token_file: IO[str] | None,
    language: str,
) -> None:
    """Ask the operation in the GraphQL DOCUMENT and print its answer.

    DOCUMENT is a file, - for standard input, or the name of an operation that pages ask, such as
    open_ledger or accept_hours: all that a page does is done here too. The answer is JSON: data,
    errors. It ends with 1 where there are errors, or user errors.
    """
    try:
        given = msgspec.json.decode(variables.read() if variables else b"{}", type=dict)
    except msgspec.DecodeError as error:
        console.print(f"The variables are no JSON object: {error}.", style="red")
        sys.exit(USAGE)

    async def work() -> Answer:
        async with bank.open_bank(there(asked)):
            context = Context(
                actor=await actor_of(token_file.read().strip() if token_file else ""),
                clock=current().clock,
                secret=vault.keyring().request,
                language=language,
                translate=words.translator(language),
            )
            return await whole().ask(document.read(), given, context)

    try:
        answer = run(work())
    except Refused as no:
        answer = Answer(data=None, errors=no.errors)
    told = {"data": answer.data} | ({"errors": answer.errors} if answer.errors else {})
    click.echo(msgspec.json.format(msgspec.json.encode(told)).decode())
    if answer.errors or any(refused(one) for one in (answer.data or {}).values()):
        sys.exit(FOUND)


def refused(payload: object) -> bool:
    """Whether a mutation's payload names what was refused."""
    return isinstance(payload, dict) and bool(payload.get("userErrors"))
