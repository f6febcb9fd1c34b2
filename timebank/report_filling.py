"""Filling: what the ledger knows of an organisation's year, each value with its entries (domain 9).

The register says who it is, the year's facts what it did, the records of its teams what was served.
Every value leads to the positions of the entries that make it. Knows fields by their origin.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

import msgspec
from tortoise.expressions import Q

from timebank.activities import ActivityKind
from timebank.divisions import Area
from timebank.hours import SERVED, Record
from timebank.organisation_facts import facts_of, facts_that_stand, told_by
from timebank.organisation_teams import OrganisationTeam, teams_of_organisation
from timebank.organisations import Organisation
from timebank.people import Person
from timebank.report_fields import FIELDS, Origin
from timebank.tables import find, find_many, select
from timebank.texts import read_texts

MOST_SHOWN = 100


class Filled(msgspec.Struct, frozen=True):
    """A value and the positions of the entries it comes from, in their order."""

    value: str
    entries: tuple[int, ...]

    @property
    def behind(self) -> "Behind":
        """What is shown and kept of the entries."""
        return Behind(len(self.entries), self.entries[:MOST_SHOWN])


class Behind(msgspec.Struct, frozen=True, array_like=True):
    """How many entries make a value, and the positions of the first MOST_SHOWN."""

    count: int = 0
    first: tuple[int, ...] = ()


async def fill(organisation: str, year: int) -> dict[str, Filled]:
    """All that the ledger knows of a year of an organisation, by field."""
    held = await find(Organisation, organisation)
    if held is None:
        return {}
    facts, stands = await facts_of(organisation, year), await facts_that_stand(organisation)
    told = {
        code: Filled(value, (stands[code],) if code in stands else ())
        for code, value in (await _register(held)).items()
    }
    for code, field in FIELDS.items():
        if field.origin is Origin.FACTS:
            fact = facts.get(code)
            told[code] = Filled(str(fact.amount if fact else 0), fact.entries if fact else ())
    return told | _hours(await records_of(organisation, year))


async def _register(held: Organisation) -> dict[str, str]:
    texts = {label: await read_texts([held.id], label) for label in ("name", "purpose", "address")}
    area = await find(Area, held.area)
    person = await find(Person, held.representative) if held.representative else None
    unit = await read_texts([held.supervisor], "name") if held.supervisor else {}
    return {
        "name": texts["name"].get(held.id, ""),
        "form": held.form.value,
        "code": held.code or "",
        "area": area.name if area else "",
        "route": held.direct.value if held.direct else "supervised",
        "supervisor": unit.get(held.supervisor or "", ""),
        "representative": person.number if person else "",
        "purpose": texts["purpose"].get(held.id, ""),
        "address": texts["address"].get(held.id, ""),
        "registered_on": held.registered_on.isoformat() if held.registered_on else "",
        "funds_fen": str(held.funds_fen),
        "member_persons": str(held.persons),
        "member_units": str(held.units),
    }


async def records_of(organisation: str, year: int) -> list[Record]:
    """The records of service that count for an organisation's year: of its teams, in their time."""
    found: list[Record] = []
    for tie in await teams_of_organisation(organisation):
        first, last = _span(tie, year)
        if first is not None and first <= last:
            found += await select(
                Record,
                SERVED,
                Q(path=tie.path, day__gte=first.isoformat(), day__lte=last.isoformat()),
                order=["posted_seq"],
            )
    return found


async def counting(named: Mapping[int, Iterable[str]]) -> dict[int, set[str]]:
    """By position, the organisations whose reports an entry counts for.

    Args: named, by position, the ids of records that the entry names.
    """
    told = await told_by([*named])
    records = await find_many(Record, {id for ids in named.values() for id in ids})
    teams = {record.path.split("/")[-2] for record in records.values()}
    ties = await find_many(OrganisationTeam, teams) if teams else {}
    for seq, ids in named.items():
        for record in (records[id] for id in ids if id in records):
            tie = ties.get(record.path.split("/")[-2])
            if tie is not None and record.mode.counts:
                first, last = _span(tie, record.day.year)
                if first is not None and first <= record.day <= last:
                    told.setdefault(seq, set()).add(tie.organisation)
    return told


def _span(tie: OrganisationTeam, year: int) -> tuple[date | None, date]:
    first, last = date(year, 1, 1), date(year, 12, 31)
    if tie.since is None:
        return None, last
    return max(first, tie.since), min(last, tie.until) if tie.until else last


def _hours(records: Sequence[Record]) -> dict[str, Filled]:
    credited = [record for record in records if record.credited]
    served = [record for record in records if record.recipient]
    told = {
        "volunteers": _sum(len({record.volunteer for record in records}), records),
        "service_records": _sum(len(records), records),
        "people_served": _sum(len({record.recipient for record in served}), served),
        "service_minutes": _sum(sum(record.minutes for record in records), records),
        "credited_minutes": _sum(sum(record.credited for record in credited), credited),
    }
    for kind in ActivityKind:
        of = [record for record in records if record.kind is kind]
        told[f"{kind.value}_minutes"] = _sum(sum(record.minutes for record in of), of)
    return told


def _sum(amount: int, records: Iterable[Record]) -> Filled:
    seqs = sorted(record.posted_seq for record in records if record.posted_seq is not None)
    return Filled(str(amount), tuple(seqs))
