"""Restrictions: whose data staff do not use, because the person said so (domain 11).

Data are kept and not used: neither name nor telephone is shown to staff until the person lifts it.
Knows who; `directory` asks it, `data_requests` brings it about.
"""

from collections.abc import Sequence
from datetime import datetime

from ledger.entry import Sealed
from timebank.access import permit_self
from timebank.actors import Actor, PersonId
from timebank.batch import Batch
from timebank.events import Event
from timebank.journal import Answer, write
from timebank.keys import RequestKey
from timebank.projections import Rows, projects
from timebank.refusals import Refusal
from timebank.tables import Row, find_many, table

# Events


class PersonRestricted(Event, frozen=True, tag="person.restricted"):
    """A person wants their data not to be used."""

    person: PersonId


class RestrictionLifted(Event, frozen=True, tag="person.restriction_lifted"):
    """The person lets their data be used again."""

    person: PersonId


# Refusals


class RestrictedAlready(Refusal):
    """There is nothing more to restrict."""

    says = "Your data are restricted already."


class NotRestricted(Refusal):
    """There is nothing to lift."""

    says = "Your data are not restricted."


# Tables and projectors


@table("restricted")
class Restricted(Row, frozen=True):
    """Somebody whose data staff do not use, since when."""

    person: str
    since: datetime


@projects(PersonRestricted)
def _restricted(rows: Rows, event: PersonRestricted, entry: Sealed) -> None:
    rows.put(Restricted(person=event.person, since=entry.at))


@projects(RestrictionLifted)
def _lifted(rows: Rows, event: RestrictionLifted, entry: Sealed) -> None:
    rows.drop(Restricted, event.person)


# What other capabilities ask


def restrict(batch: Batch, person: PersonId) -> Sealed:
    """Keep staff from using a person's data. Refuses: RestrictedAlready."""
    if batch.get(Restricted, person) is not None:
        raise RestrictedAlready
    return batch.record(PersonRestricted(person=person))


async def restricted_among(people: Sequence[PersonId]) -> dict[str, datetime]:
    """Those of the people whose data staff do not use, each with since when."""
    return {str(id): held.since for id, held in (await find_many(Restricted, people)).items()}


# Commands


class Lifted(Answer, frozen=True, kw_only=True):
    """Whose data may be used again."""

    person: PersonId


async def lift_restriction(actor: Actor, *, key: RequestKey) -> Lifted:
    """Let one's own data be used again. Refuses: NotRestricted."""
    person = permit_self(actor)

    def work(batch: Batch) -> Lifted:
        if batch.get(Restricted, person) is None:
            raise NotRestricted
        return Lifted(entry=batch.record(RestrictionLifted(person=person)).seq, person=person)

    return await write(actor, key, work, answer=Lifted, needs=[(Restricted, person)])
