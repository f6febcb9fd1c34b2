"""A city for the role matrix: everybody who might ask, and something of each thing to ask about.

The arguments of a root field are filled in by their names. What they are filled with is brought by
the modules beside this one: whichever has a coroutine `things(world, subject)` is asked, everyday
service first and the others by name. A name is an argument's, or `field.argument` where a field
needs its own; a value that is called is made anew for everybody who asks.
"""

from collections.abc import Awaitable, Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLNonNull,
    Undefined,
    get_named_type,
)

from tests.wire import form
from tests.world import World, key
from timebank.access import Role, grant_role
from timebank.actors import SYSTEM, Actor
from timebank.divisions import CITY_PATH
from timebank.organisation_teams import OrganisationTeam, TieState
from timebank.organisations import Organisation
from timebank.sign_in import actor_of, open_session
from timebank.tables import find, select

ELSEWHERE = "420100/420103/"
NO_BRINGERS = ("test_", "conftest")


class City:
    """The actors of the matrix, by column and by whether their role reaches the things."""

    def __init__(self, world: World, subject: Actor) -> None:
        self.world, self.subject = world, subject
        self.near: dict[str, Actor] = {}
        self.far: dict[str, Actor] = {}
        self.things: dict[str, Any] = {}

    async def fill(
        self, field: str, given: dict[str, GraphQLArgument] | dict[str, GraphQLInputField]
    ) -> dict[str, Any]:
        """Values for the arguments of a field; what may be left out and has no name here, is."""
        told: dict[str, Any] = {}
        for name, wanted in given.items():
            value = self.things.get(f"{field}.{name}", self.things.get(name))
            if callable(value):
                # What an act uses up is made anew for everybody who asks.
                value = await value()
            kind = get_named_type(wanted.type)
            if value is None and isinstance(kind, GraphQLInputObjectType):
                value = await self.fill(field, kind.fields)
            elif value is None and isinstance(kind, GraphQLEnumType):
                value = next(iter(kind.values))
            if value is not None:
                told[name] = value
            elif isinstance(wanted.type, GraphQLNonNull) and wanted.default_value is Undefined:
                raise AssertionError(f"say in role_city.py what {field} is to be given as {name}")
        return told


async def found_city(world: World) -> City:
    """Everybody, and something of each thing."""
    city = City(world, await world.volunteer())
    for role in Role:
        city.near[role] = await world.officer(role, CITY_PATH)
        city.far[role] = await world.officer(role, ELSEWHERE)
    city.near |= {"public": form(), "other": await world.volunteer(), "self": city.subject}
    for actors in (city.near, city.far):
        for column, actor in actors.items():
            if actor.person:
                opened = await open_session(actor.person)
                actors[column] = await actor_of(opened.token)
    city.subject = city.near["self"]
    for module, things in brought().items():
        told = await things(world, city.subject)
        if twice := sorted(city.things.keys() & told.keys()):
            raise AssertionError(f"{module} says again what {twice} is: say it of a field")
        city.things |= told
    # What is done for an organisation's own teams, only those do who stand for it.
    (tie,) = await select(OrganisationTeam, state=TieState.STANDS.value)
    role, over = Role.ORGANISATION_REPRESENTATIVE, await find(Organisation, tie.organisation)
    assert over
    await grant_role(SYSTEM, person=city.near[role].id, role=role, scope=over.path, key=key())
    return city


def brought() -> dict[str, Callable[[World, Actor], Awaitable[dict[str, Any]]]]:
    """What brings things, by the module's name."""
    beside = [path.stem for path in Path(__file__).parent.glob("[a-z]*.py")]
    beside.sort(key=lambda name: (name != "everyday", name))
    names = [name for name in beside if not name.startswith(NO_BRINGERS)]
    modules = {name: import_module(f"tests.{name}") for name in names}
    return {name: made.things for name, made in modules.items() if hasattr(made, "things")}
