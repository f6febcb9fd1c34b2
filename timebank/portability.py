"""Portability: what is kept of a person, in a signed file that anybody can check (domain 11).

The file is a signed note (as checkpoints are): one line that names the format, the copy as JSON, an
empty line, an Ed25519 signature under the bank's name. Whoever has the bank's public key checks it
without asking the bank, and another bank can take the person over from it. One's own copy holds
every row of the vault that an erasure would destroy, but for what signs in and finds; an officer's
does not: it would tell who is a Party member. Refuses to know who may ask (`copy_for`) beyond the
person and the data protection officer.
"""

import base64
import re
from datetime import date, datetime
from typing import Any

import msgspec

from ledger.checkpoint import ED25519, Signer, Verifier
from timebank import looks
from timebank.access import Action, may_read
from timebank.accounts import balance_of, statement, volunteer
from timebank.actors import Actor, PersonId
from timebank.erased import personal_tables
from timebank.given_consents import Consent
from timebank.hours import ServiceTotal, records_of
from timebank.identity import DocumentType
from timebank.journal import current
from timebank.people import Person, person_by_number, selves
from timebank.person_life import PersonState
from timebank.record_life import RecordState
from timebank.refusals import NotFound, Refusal
from timebank.tables import find, select
from timebank.vault import Keyring, SealedField, keyring, read_fields

FORMAT = "timebank-portable/1"
FIELDS = ("name", "document", "document_number", "phone", "birth")
UNTOLD = frozenset(
    {
        *("password", "second_factor", "session", "passkey", "passkey_holder", "reset_code"),
        *("card", "card_holder", "attempts"),
        *("data_key", "file_key", "sealed_field", "keyed_index", "keyed_finding"),
        "look",
    }
)
"""Tables whose rows would let whoever has the file in, and those whose content it tells anyhow."""
PAGE = 500
LINE = re.compile(r"— (\S+) ([A-Za-z0-9+/]+={0,2})\n")


# Refusals


class CopyForged(Refusal):
    """The file is not what the bank with this key signed."""

    says = "This file was not signed by {name}, or was changed since."
    name: str


# What a copy holds


class PortableRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One record of service, with the entry of the bank's ledger that it rests on."""

    id: str
    starts: datetime
    ends: datetime
    minutes: int
    credited: int
    kind: str
    state: RecordState
    station: str
    entry: int | None = None


class PortableLook(msgspec.Struct, frozen=True, kw_only=True):
    """That somebody of the staff read something."""

    by: str
    what: str
    day: date


class PortableMovement(msgspec.Struct, frozen=True, kw_only=True):
    """What one entry moved on the account, in minutes, and what was there after it."""

    at: datetime
    kind: str
    minutes: int
    balance: int
    entry: int


class PortableConsent(msgspec.Struct, frozen=True, kw_only=True):
    """What was said of a purpose (None: of all, by registering), by which terms."""

    purpose: str | None
    given: bool
    version: str
    at: datetime


class PortableCopy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a bank keeps of a person, in `minutes` as everywhere.

    `told` are further sealed fields by name; `kept` the rows of the vault, by table, as they are.
    """

    bank: str
    made_at: datetime
    number: str
    state: PersonState
    home: str | None
    name: str | None = None
    document: DocumentType | None = None
    document_number: str | None = None
    phone: str | None = None
    birth: date | None = None
    service_minutes: int = 0
    balance_minutes: int = 0
    records: tuple[PortableRecord, ...] = ()
    looks: tuple[PortableLook, ...] = ()
    movements: tuple[PortableMovement, ...] = ()
    consents: tuple[PortableConsent, ...] = ()
    told: dict[str, str] = {}
    kept: dict[str, tuple[dict[str, Any], ...]] = {}


# Signing and checking


def portable_signer(ring: Keyring | None = None) -> Signer:
    """Who signs copies: a key that no rotation changes, under the bank's name."""
    ring = ring or keyring()
    return Signer(ring.settings.origin, ring.portable_seed, kind=ED25519)


def sign_copy(copy: PortableCopy, signer: Signer) -> str:
    """The signed file."""
    told = msgspec.json.format(msgspec.json.encode(copy), indent=2).decode()
    body = f"{FORMAT}\n{told}\n"
    return f"{body}\n{signer.line(signer.sign(body.encode()))}"


def open_copy(text: str, key: Verifier) -> PortableCopy:
    """The copy in a file that the bank with this key signed. Refuses: CopyForged."""
    body, _, lines = text.rpartition("\n\n")
    body += "\n"
    found = LINE.fullmatch(lines)
    heading, _, told = body.partition("\n")
    if found is None or heading != FORMAT or found[1] != key.name:
        raise CopyForged(name=key.name)
    try:
        data = base64.b64decode(found[2], validate=True)
        if data[:4] != key.id or not key.checks(data[4:], body.encode()):
            raise CopyForged(name=key.name)
        return msgspec.json.decode(told, type=PortableCopy)
    except (ValueError, msgspec.MsgspecError):
        raise CopyForged(name=key.name) from None


# Reads


async def copy_for(actor: Actor, number: str | None = None) -> str:
    """The signed copy of the actor's own data, or for the officer of a person by number.

    An officer's reading is noted like any other. Refuses: NotFound.   Source: domain 11, Personal
    Information Protection Law Art. 45.
    """
    held = await _whose(actor, number)
    if held.id != actor.person:
        await looks.note_looks(actor, [(held.id, looks.Looked.COPY)])
    own = held.id == actor.person
    kept = await _kept(held.id) if own else {}
    return sign_copy(await _copy(held, kept), portable_signer())


async def _whose(actor: Actor, number: str | None) -> Person:
    if number is None:
        held = await find(Person, actor.person) if actor.person else None
    else:
        held = await person_by_number(number)
        if held is not None and held.id != actor.person:
            allowed = await may_read(actor, Action.ANSWER_REQUEST, held.home_path)
            held = held if allowed else None
    if held is None:
        raise NotFound(what="person")
    return held


async def _copy(held: Person, kept: dict[str, tuple[dict[str, Any], ...]]) -> PortableCopy:
    sealed = [one.field for one in await select(SealedField, person=held.id)]
    fields = (await read_fields([held.id], *sealed))[held.id]
    total = await find(ServiceTotal, held.id)
    return PortableCopy(
        bank=keyring().settings.origin,
        made_at=current().clock.now(),
        number=held.number,
        state=held.state,
        home=held.home,
        name=fields.get("name"),
        document=DocumentType(fields["document"]) if "document" in fields else None,
        document_number=fields.get("document_number"),
        phone=fields.get("phone"),
        birth=date.fromisoformat(fields["birth"]) if "birth" in fields else None,
        service_minutes=total.minutes if total else 0,
        balance_minutes=await balance_of(volunteer(held.id)),
        records=tuple(await _records(held.id)),
        looks=tuple(await _looks(held)),
        movements=tuple(await _movements(held.id)),
        consents=tuple(await _consents(held.id)),
        told={field: value for field, value in fields.items() if field not in FIELDS},
        kept=kept,
    )


async def _kept(person: PersonId) -> dict[str, tuple[dict[str, Any], ...]]:
    """The rows of the vault that are a person's, by table; tables without any are left out."""
    whose = await selves(person)
    told: dict[str, tuple[dict[str, Any], ...]] = {}
    for held, column in personal_tables():
        if held.name not in UNTOLD:
            filters: dict[str, Any] = {f"{column}__in": whose}
            rows = await select(held.row, **filters)
            told[held.name] = tuple(msgspec.to_builtins(row) for row in rows)
    return {name: rows for name, rows in told.items() if rows}


async def _movements(person: PersonId) -> list[PortableMovement]:
    code, *formers = [volunteer(one) for one in await selves(person)]
    told: list[PortableMovement] = []
    last: int | None = None
    while page := await statement(code, *formers, before=last, limit=PAGE, backward=True):
        told += [
            PortableMovement(
                at=one.at, kind=one.kind, minutes=one.amount, balance=one.balance, entry=one.seq
            )
            for one in page
        ]
        last = page[-1].seq
    return told


async def _consents(person: PersonId) -> list[PortableConsent]:
    held = await find(Consent, person)
    return [
        PortableConsent(
            purpose=one.purpose.value if one.purpose else None,
            given=one.given,
            version=one.version,
            at=one.at,
        )
        for one in (held.said if held else ())
    ]


async def _records(person: PersonId) -> list[PortableRecord]:
    told: list[PortableRecord] = []
    last: str | None = None
    while page := await records_of(person, before=last, limit=PAGE, backward=True):
        told += [
            PortableRecord(
                id=held.id,
                starts=held.starts,
                ends=held.ends,
                minutes=held.minutes,
                credited=held.credited,
                kind=held.kind.value,
                state=held.state,
                station=held.station,
                entry=held.posted_seq,
            )
            for held in page
        ]
        last = page[-1].id
    return told


async def _looks(held: Person) -> list[PortableLook]:
    """Who looked, as far as kept; an officer's copy for the person holds it too."""
    person, *formers = await selves(held.id)
    own = Actor(id=person, person=person, formers=tuple(formers))
    told: list[PortableLook] = []
    last: str | None = None
    while page := await looks.looks_at(own, after=last, limit=PAGE):
        told += [PortableLook(by=one.actor, what=one.what.value, day=one.day) for one in page]
        last = page[-1].id
    return told
