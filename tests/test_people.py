"""People: who may be registered, by whom and with whose consent, and who sees them."""

from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests import looking
from tests.wire import act, ask, form
from tests.world import World, key, open_world, resident_id
from timebank import directory, people
from timebank.access import Role
from timebank.actors import PUBLIC, SYSTEM, Actor, person
from timebank.consents import (
    ConsentMissing,
    ConsentWay,
    GuardianMissing,
    GuardianTooYoung,
    OfAge,
    decide_consent,
)
from timebank.events import Event
from timebank.identity import (
    DocumentType,
    TooYoung,
)
from timebank.keys import RequestKey
from timebank.lifecycles import NotInThisState, step
from timebank.person_life import (
    LIFECYCLE,
    AccountClosed,
    AccountReopened,
    DeathReported,
    DeathWithdrawn,
    PersonReinstated,
    PersonState,
    PersonSuspended,
    SuspensionReason,
)
from timebank.refusals import Forbidden, NotFound, Refusal, Unauthenticated
from timebank.tables import find, select
from timebank.vault import KeyedIndex, SealedField

TODAY = date(2026, 11, 20)
RESIDENT = DocumentType.RESIDENT_ID


async def register(actor: Actor, world: World, **changes: Any) -> people.Registered:
    """Register somebody, but for what is changed."""
    world.count += 1
    asked: dict[str, Any] = {
        "name": "陈桂兰",
        "document": RESIDENT,
        "document_number": resident_id(world.count),
        "phone": "13900000000",
        "home": world.station,
        "consent": True,
        "key": key(),
    }
    return await people.register_person(actor, **(asked | changes))


# Decisions


GROWN, CHILD, INFANT = date(1950, 5, 6), date(2010, 5, 6), date(2012, 11, 21)


@pytest.mark.parametrize(
    ("birth", "known", "guardian_adult_from", "outcome"),
    [
        (GROWN, False, None, ConsentWay.SELF),
        (GROWN, True, None, ConsentWay.COUNTER),
        (GROWN, True, date(1990, 1, 1), OfAge),
        (CHILD, True, date(1990, 1, 1), ConsentWay.GUARDIAN),
        (CHILD, True, TODAY, ConsentWay.GUARDIAN),
        (CHILD, True, date(2026, 11, 21), GuardianTooYoung),
        (CHILD, True, None, GuardianMissing),
        (CHILD, False, date(1990, 1, 1), GuardianMissing),
        (INFANT, True, date(1990, 1, 1), TooYoung),
    ],
)
def test_consent_is_ones_own_from_18_and_a_guardians_before(
    birth: date,
    known: bool,
    guardian_adult_from: date | None,
    outcome: ConsentWay | type[Refusal],
) -> None:
    def decide() -> ConsentWay:
        return decide_consent(
            birth, TODAY, least=14, known=known, guardian_adult_from=guardian_adult_from
        )

    if isinstance(outcome, ConsentWay):
        assert decide() is outcome
        return
    with pytest.raises(outcome):
        decide()


EVENTS: list[type[Event]] = [
    PersonSuspended,
    PersonReinstated,
    AccountClosed,
    AccountReopened,
    DeathReported,
    DeathWithdrawn,
]


def test_the_life_of_an_account_is_a_table() -> None:
    assert set(LIFECYCLE) == set(PersonState)
    reached = {state for following in LIFECYCLE.values() for state in following.values()}
    assert reached | {PersonState.ACTIVE} == set(PersonState)
    for state in PersonState:
        for event in EVENTS:
            if event not in LIFECYCLE[state]:
                with pytest.raises(NotInThisState):
                    step(LIFECYCLE, state, event)


def test_a_volunteer_number_is_drawn_at_random() -> None:
    drawn = {people.new_number() for _ in range(1000)}
    assert len(drawn) == 1000
    assert all(number.startswith("WH-") and len(number) == 16 for number in drawn)


# Histories


@pytest.mark.anyio
async def test_somebody_registers_and_the_ledger_does_not_learn_who(world: World) -> None:
    made = await register(PUBLIC, world, name=" 陈  桂兰 ", phone="139 0000 1234")
    held = await people.person(made.person)
    assert held is not None
    assert (held.number, held.home, held.home_path) == (
        made.number,
        world.station,
        world.station_path,
    )
    async with world.journal.writer.transaction() as transaction:
        entries = await transaction.fetch("SELECT bytes FROM entry")
    whole = b"".join(bytes(row[0]) for row in entries).decode()
    assert made.person in whole
    for secret in ("陈", "桂兰", "1390000", "4201021950", "1950-05-06", "王秀英"):
        assert secret not in whole
    (sealed,) = await select(SealedField, person=made.person, field="name")
    assert "陈".encode() not in sealed.sealed
    assert await looking.names_of(person(made.person), [made.person]) == {made.person: "陈 桂兰"}


@pytest.mark.anyio
async def test_one_document_is_registered_once(world: World) -> None:
    number = "11010519491231002X"
    first = await register(PUBLIC, world, document_number=number)
    with pytest.raises(people.RegisteredAlready):
        await register(PUBLIC, world, document_number=number.lower())
    marks = await select(KeyedIndex, person=first.person)
    assert len(marks) == 1
    assert number not in marks[0].mark


@pytest.mark.anyio
async def test_the_same_attempt_registers_once_and_answers_twice(world: World) -> None:
    said = RequestKey.of("form:1", "attempt-1", "register", [1], secret=b"s")
    first = await register(PUBLIC, world, key=said)
    again = await register(PUBLIC, world, key=said)
    assert msgspec.structs.replace(again, replayed=False) == first
    assert again.replayed


@pytest.mark.anyio
async def test_a_stranger_needs_a_form_of_their_own(world: World) -> None:
    assert Actor(id="public", form="f1").scope == "form:f1"
    with pytest.raises(Unauthenticated):
        await register(PUBLIC, world, key=RequestKey.once("public"))


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"consent": False}, ConsentMissing),
        ({"name": "  "}, people.NameMissing),
        ({"name": "陈" * 61}, people.NameMissing),
        ({"name": "陈\0"}, people.NameMissing),
        ({"phone": "12345"}, people.PhoneWrong),
        ({"document_number": resident_id(1, CHILD)}, GuardianMissing),
        ({"document_number": resident_id(1, INFANT)}, TooYoung),
        ({"home": None}, people.HomeMissing),
        ({"home": "sta_nowhere"}, NotFound),
    ],
)
async def test_a_registration_that_lacks_something_is_refused(
    tmp_path: Path, sqlite_url: str, changes: dict[str, Any], refusal: type[Refusal]
) -> None:
    async with open_world(sqlite_url, tmp_path) as world:
        with pytest.raises(refusal):
            await register(PUBLIC, world, **changes)


@pytest.mark.anyio
async def test_staff_register_at_their_own_counter_only(world: World) -> None:
    clerk = world.staff[Role.STATION_CLERK]
    made = await register(clerk, world)
    assert await find(people.Person, made.person) is not None
    stranger = await world.officer(Role.STATION_CLERK, "420100/420103/")
    volunteer = await world.volunteer()
    for actor in (stranger, volunteer):
        with pytest.raises(Forbidden):
            await register(actor, world)
    with pytest.raises(people.HomeMissing):
        await register(clerk, world, home=None)


@pytest.mark.anyio
async def test_a_guardian_registers_a_minor_and_nobody_else(world: World) -> None:
    guardian = await world.volunteer()
    ward = {"document_number": resident_id(900, CHILD), "guardian": guardian.person}
    made = await register(guardian, world, **ward)
    held = await people.person(made.person)
    assert held is not None
    assert held.guardian == guardian.person
    assert await looking.names_of(guardian, [made.person]) == {made.person: "陈桂兰"}
    with pytest.raises(OfAge):
        await register(guardian, world, guardian=guardian.person)
    other = await world.volunteer()
    with pytest.raises(Forbidden):
        await register(
            other,
            world,
            document_number=resident_id(901, CHILD),
            guardian=guardian.person,
        )
    at_counter = await register(
        world.staff[Role.STATION_CLERK],
        world,
        document_number=resident_id(902, CHILD),
        guardian=guardian.person,
    )
    band = await find(people.AgeBand, at_counter.person)
    assert band is not None
    assert (band.born, band.adult_from) == (CHILD, date(2028, 5, 6))


@pytest.mark.anyio
async def test_a_minor_is_no_guardian(world: World) -> None:
    guardian = await world.volunteer()
    child = await register(
        guardian, world, document_number=resident_id(903, CHILD), guardian=guardian.person
    )
    with pytest.raises(GuardianTooYoung):
        await register(
            world.staff[Role.STATION_CLERK],
            world,
            document_number=resident_id(904, CHILD),
            guardian=child.person,
        )


@pytest.mark.anyio
async def test_the_district_suspends_and_reinstates_in_its_own_scope(world: World) -> None:
    lead, volunteer = world.staff[Role.DISTRICT_LEAD], await world.volunteer()
    who = volunteer.person or ""
    reason = SuspensionReason.FALSE_HOURS
    elsewhere = await world.officer(Role.DISTRICT_LEAD, "420100/420103/")
    for actor, target in ((elsewhere, who), (volunteer, who), (lead, "per_nobody")):
        with pytest.raises(NotFound):
            await people.suspend_person(actor, person=target, reason=reason, key=key())
    await people.suspend_person(lead, person=who, reason=reason, key=key())
    with pytest.raises(NotInThisState):
        await people.suspend_person(lead, person=who, reason=reason, key=key())
    ward = {"document_number": resident_id(905, CHILD), "guardian": who}
    with pytest.raises(people.PersonNotActive):
        await register(world.staff[Role.STATION_CLERK], world, **ward)
    await people.reinstate_person(lead, person=who, key=key())
    held = await people.person(who)
    assert held is not None
    assert held.state is PersonState.ACTIVE


@pytest.mark.anyio
async def test_people_see_themselves_and_staff_see_their_scope(world: World) -> None:
    volunteer, other = await world.volunteer(), await world.volunteer()
    who, number = volunteer.person or "", await world.number_of(volunteer)
    document = resident_id(world.count - 1)
    stranger = await world.officer(Role.STATION_CLERK, "420100/420103/")
    sees = [volunteer, world.staff[Role.STATION_CLERK]]
    for actor in [*sees, other, stranger, PUBLIC, SYSTEM]:
        seen = actor in sees
        assert bool(await looking.names_of(actor, [who])) is seen
        assert bool(await looking.phones_of(actor, [who])) is seen
        assert bool(await directory.visible_people(actor, [who, "per_nobody"])) is seen
        assert (await directory.find_person(actor, number=number.lower()) is not None) is seen
        found = await directory.find_by_document(actor, document=RESIDENT, document_number=document)
        assert (found is not None) is seen
    clerk = world.staff[Role.STATION_CLERK]
    assert await directory.find_person(clerk, number="WH-0000-000-0000") is None


@pytest.mark.anyio
async def test_a_drawn_number_that_is_taken_is_drawn_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = await world.number_of(await world.volunteer())
    draws = iter([taken, "WH-1111-111-1111", "WH-2222-222-2222"])
    monkeypatch.setattr(people, "new_number", lambda: next(draws))
    assert (await register(PUBLIC, world)).number == "WH-1111-111-1111"


# On the wire

SEEN = """query($n: String!) {
    person(number: $n) { id number state name phone home { id } guardian { id } }
}"""


@pytest.mark.anyio
async def test_registering_at_a_form_and_being_seen_on_the_wire(world: World) -> None:
    given: dict[str, Any] = {
        "idempotencyKey": "attempt-1",
        "name": "陈桂兰",
        "document": "RESIDENT_ID",
        "documentNumber": "11010519491231002X",
        "phone": "13900001234",
        "home": world.station,
        "consent": True,
    }
    asks = "number person { id } replayed"
    made = await act(world, form(), "registerPerson", asks, **given)
    assert made["userErrors"] == []
    assert made["person"] is None
    again = await act(world, form(), "registerPerson", asks, **given)
    assert again == made | {"replayed": True}
    other = await act(world, form("form-2"), "registerPerson", asks, **given)
    assert other["userErrors"] == [{"code": "REGISTERED_ALREADY", "path": ["documentNumber"]}]
    assert await act(world, PUBLIC, "registerPerson", asks, **given) == ["UNAUTHENTICATED"]
    clerk = world.staff[Role.STATION_CLERK]
    seen = (await ask(world, clerk, SEEN, n=made["number"]))["person"]
    assert (seen["name"], seen["phone"], seen["state"]) == ("陈桂兰", "13900001234", "ACTIVE")
    assert (seen["home"], seen["guardian"]) == ({"id": world.station}, None)
    own = await ask(world, person(seen["id"]), "{ me { id name number } }")
    assert own["me"] == {"id": seen["id"], "name": "陈桂兰", "number": made["number"]}
    node = "query($id: ID!) { node(id: $id) { id } }"
    for stranger in (await world.volunteer(), PUBLIC):
        assert await ask(world, stranger, SEEN, n=made["number"]) == {"person": None}
        assert await ask(world, stranger, node, id=seen["id"]) == {"node": None}
    assert await ask(world, clerk, node, id=seen["id"]) == {"node": {"id": seen["id"]}}
    by_document = (
        "query($d: DocumentType!, $n: String!)"
        " { personByDocument(document: $d, documentNumber: $n) { id } }"
    )
    found = await ask(world, clerk, by_document, d="RESIDENT_ID", n="11010519491231002x")
    assert found == {"personByDocument": {"id": seen["id"]}}
    assert await ask(world, PUBLIC, "{ me { id } }") == {"me": None}


@pytest.mark.anyio
async def test_suspending_on_the_wire(world: World) -> None:
    lead, volunteer = world.staff[Role.DISTRICT_LEAD], await world.volunteer()
    given = {"person": volunteer.person, "idempotencyKey": "attempt-1"}
    asks = "person { state } entry { seq }"
    unseen = await act(world, volunteer, "suspendPerson", asks, reason="CONDUCT", **given)
    assert unseen["userErrors"][0]["code"] == "NOT_FOUND"
    done = await act(world, lead, "suspendPerson", asks, reason="CONDUCT", **given)
    assert (done["userErrors"], done["entry"]["seq"] > 0) == ([], True)
    held = await people.person(volunteer.person or "")
    assert held is not None
    assert held.state is PersonState.SUSPENDED
    given["idempotencyKey"] = "attempt-2"
    back = await act(world, lead, "reinstatePerson", asks, **given)
    assert back["userErrors"] == []


@pytest.mark.anyio
async def test_whoever_asks_for_themselves_and_another_is_told_of_themselves(world: World) -> None:
    who, other = await world.volunteer(), await world.volunteer()
    asked = [who.person or "", other.person or ""]
    assert list(await looking.names_of(who, asked)) == asked[:1]
    assert list(await directory.visible_people(who, asked)) == asked[:1]
    assert list(await looking.names_of(who, asked[1:])) == []
