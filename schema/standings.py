"""Standings on the wire: where somebody stands, for whoever may act on them by number."""

from typing import Annotated

import strawberry
from strawberry import ID

from schema.fields import field
from schema.places import Station, read_stations
from schema.refusal import Info
from timebank import standings
from timebank.access import Action
from timebank.person_life import PersonState


@strawberry.type(description="Where a person stands, without name and telephone.")
class PersonStanding:
    person: ID = strawberry.field(description="Who it is, as acts on them say it.")
    number: str = strawberry.field(description="The public volunteer number.")
    state: PersonState = strawberry.field(description="Whether the person may serve.")
    may: list[Action] = strawberry.field(description="What you may do to them.")
    lives_alone: bool | None = strawberry.field(
        description="Whether their station noted so; null unless you note it."
    )
    home_station: strawberry.Private[str | None]

    @field
    async def home(self, info: Info) -> Station | None:
        """The station that looks after the person."""
        home = self.home_station
        return await info.context.loaders.load(read_stations, home) if home else None

    @classmethod
    def of(cls, held: standings.Standing) -> "PersonStanding":
        """A standing as it is shown."""
        return cls(
            person=ID(held.person.id),
            number=held.person.number,
            state=held.person.state,
            may=list(held.may),
            lives_alone=held.alone,
            home_station=held.person.home,
        )


@strawberry.type
class Query:
    @field
    async def standing(
        self,
        info: Info,
        person: Annotated[ID | None, strawberry.argument(description="Who, by id.")] = None,
        number: Annotated[
            str | None, strawberry.argument(description="Who, by volunteer number.")
        ] = None,
    ) -> PersonStanding | None:
        """Where somebody stands, if you may do anything to them; give id or number."""
        held = await standings.standing_of(info.context.actor, person=person, number=number)
        return PersonStanding.of(held) if held else None
