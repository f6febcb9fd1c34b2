"""Commands about who may act: registering officers and giving them roles."""

import click

from timebank import access, bank, sign_in
from timebank.actors import SYSTEM
from timebank.divisions import CITY_PATH
from timebank.identity import DocumentType
from timebank.keys import RequestKey
from timebank.people import register_person
from web.commands.asked import Asked, run, say, there


@click.command()
@click.option("--name", prompt=True)
@click.option("--document-number", prompt=True, help="Resident identity number.")
@click.option("--phone", prompt=True)
@click.password_option()
@click.option(
    "--role", type=click.Choice([role.value for role in access.Role]), help="Role over the city."
)
@click.pass_obj
def user(
    asked: Asked, name: str, document_number: str, phone: str, password: str, role: str | None
) -> None:
    """Register an officer with a password, such as the first administrator."""

    async def work() -> tuple[str, str]:
        async with bank.open_bank(there(asked)):
            made = await register_person(
                SYSTEM,
                name=name,
                document=DocumentType.RESIDENT_ID,
                document_number=document_number,
                phone=phone,
                home=None,
                consent=True,
                key=RequestKey.once("cli"),
            )
            await sign_in.set_password(SYSTEM, whose=made.person, password=password)
            if role is not None:
                await access.grant_role(
                    SYSTEM,
                    person=made.person,
                    role=access.Role(role),
                    scope=CITY_PATH,
                    key=RequestKey.once("cli"),
                )
            return made.person, made.number

    person, number = run(work())
    say(asked, {"person": person, "number": number}, f"Registered as {number} ({person}).")


@click.command()
@click.argument("person")
@click.argument("role", type=click.Choice([role.value for role in access.Role]))
@click.argument("scope")
@click.pass_obj
def grant(asked: Asked, person: str, role: str, scope: str) -> None:
    """Give PERSON a ROLE over everything below the path SCOPE, such as 420100/420102/."""

    async def work() -> access.Granted:
        async with bank.open_bank(there(asked)):
            return await access.grant_role(
                SYSTEM,
                person=person,
                role=access.Role(role),
                scope=scope,
                key=RequestKey.once("cli"),
            )

    made = run(work())
    say(asked, {"grant": made.grant, "entry": made.entry}, f"Granted: {made.grant}.")
