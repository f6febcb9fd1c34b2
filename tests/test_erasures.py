"""Erasure: asked for, kept for a time by what is open, and done; by the person or the officer."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests import looking
from tests.erasing import state_of, whose
from tests.volunteering import captured
from tests.wire import act, ask
from tests.world import World, key, open_world, resident_id
from timebank import directory, people, replay
from timebank.access import HolderGone, Role, grant_role
from timebank.actors import PUBLIC, SYSTEM, Actor
from timebank.closings import reopen_account
from timebank.erased import ErasureLeft, personal_places, personal_tables
from timebank.erasures import (
    LIFECYCLE,
    Erasure,
    ErasureHeld,
    ErasureState,
    MattersOpen,
    NotScrubbed,
    ask_erasure,
    complete_erasure,
    decide_finish,
    erasure_of,
    withdraw_erasure,
)
from timebank.events import Event
from timebank.identity import DocumentType
from timebank.lifecycles import NotInThisState, step
from timebank.open_matters import Matter
from timebank.people import PersonNotActive, register_person
from timebank.person_life import (
    ErasureAsked,
    ErasureWithdrawn,
    PersonShredded,
    PersonState,
)
from timebank.projections import Place
from timebank.proxies import name_proxy
from timebank.refusals import NotFound, Unauthenticated
from timebank.sign_in import (
    Cost,
    Session,
    SignInFailed,
    actor_of,
    open_session,
    set_password,
    sign_in,
)
from timebank.tables import TABLES, count, select
from timebank.timers import sweep

pytestmark = pytest.mark.anyio

EVENTS: list[type[Event]] = [ErasureAsked, ErasureHeld, ErasureWithdrawn, PersonShredded]
DAY = timedelta(days=1)
CHEAP = Cost(iterations=1, memory_kib=8)


@pytest.fixture
async def city(sqlite_url: str, tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(sqlite_url, tmp_path) as opened:
        yield opened


# Decisions


def test_every_state_is_listed_and_reached_and_no_other_step_is_allowed() -> None:
    assert set(LIFECYCLE) == set(ErasureState)
    reached = {to for steps in LIFECYCLE.values() for to in steps.values()}
    assert reached == set(ErasureState)
    for state in ErasureState:
        for event in EVENTS:
            if event in LIFECYCLE[state]:
                assert step(LIFECYCLE, state, event) in ErasureState
            else:
                with pytest.raises(NotInThisState):
                    step(LIFECYCLE, state, event)


def test_an_erasure_is_done_when_nothing_is_open_and_says_once_what_is() -> None:
    asked = Erasure(
        person="per_1", state=ErasureState.ASKED, asked_at=datetime(2026, 11, 20, tzinfo=UTC)
    )
    assert decide_finish(asked, ()) == PersonShredded(person="per_1")
    held = decide_finish(asked, (Matter.ORDER,))
    assert held == ErasureHeld(person="per_1", matters=(Matter.ORDER,))
    kept = Erasure(
        person="per_1",
        state=ErasureState.HELD,
        asked_at=asked.asked_at,
        matters=(Matter.ORDER,),
    )
    with pytest.raises(MattersOpen, match="order"):
        decide_finish(kept, (Matter.ORDER,))
    assert isinstance(decide_finish(kept, (Matter.ROLE,)), ErasureHeld)
    assert decide_finish(kept, ()) == PersonShredded(person="per_1")
    for over in (ErasureState.WITHDRAWN, ErasureState.DONE):
        ended = Erasure(person="per_1", state=over, asked_at=asked.asked_at)
        for matters in ((), (Matter.ORDER,)):
            with pytest.raises(NotInThisState):
                decide_finish(ended, matters)


NOBODYS = {
    "activity_draft": "an activity before it is declared: its station's",
    "device_token": "what a station's device is known by",
    "name_fill": "how far names were made findable, by an id alone",
    "finding_draft": "what officers propose against several, until it is found or dropped",
    "erasure_left": "an id that was erased, until everything follows from it",
    "organisation_name": "which organisation has a name, by the name's mark",
    "origin": "how much came from an address on a day, by a mark of that day's",
    "policy_draft": "a policy before it is published",
    "report_draft": "an organisation's report before it is handed in",
    "station_secret": "a station's",
    "timer_run": "what a timer did",
    "webhook": "how far a program has been told of the log",
    "touched": "rows of projections by their keys, which the ledger holds for good",
    "urgent_request": "what an officer asks over an area, until it is opened or dropped",
    "wish_phone": "open wishes by a mark that nobody can make again once the month's key is gone",
}


def test_every_table_of_the_vault_is_a_persons_or_says_why_not() -> None:
    personal = {kept.name for kept, _ in personal_tables()}
    ours = {name for name, kept in TABLES.items() if kept.vault and is_ours(kept.row)}
    assert ours - personal == set(NOBODYS)


def is_ours(row: type) -> bool:
    """Whether a table is the project's and not a test's."""
    return row.__module__.startswith("timebank.")


# Done at once


async def test_whoever_has_nothing_open_is_erased_at_once(world: World) -> None:
    who = await world.volunteer()
    number, id = await world.number_of(who), whose(who)
    await set_password(SYSTEM, whose=id, password="a long password", cost=CHEAP)
    token = (await sign_in(number=number, password="a long password")).token
    await name_proxy(who, number=await world.number_of(await world.volunteer()), key=key())
    said = key()
    await ask_erasure(who, key=said)
    assert (await ask_erasure(who, key=said)).replayed
    assert await state_of(who) is PersonState.ERASED
    held = await erasure_of(who)
    assert held
    assert held.state is ErasureState.DONE
    assert held.ended_at
    for kept, column in personal_tables():
        assert await count(kept.row, **{column: id}) == 0, kept.name
    assert (await actor_of(token)) == PUBLIC
    with pytest.raises(SignInFailed):
        await sign_in(number=number, password="a long password")
    with pytest.raises(SignInFailed):
        await open_session(id)
    manager = world.staff[Role.STATION_MANAGER]
    assert await directory.find_person(manager, number=number)
    assert await looking.names_of(manager, [id]) == {}
    assert await directory.find_by_phone(manager, phone="13900000000") != []
    assert id not in {one.id for one in await directory.find_by_phone(manager, phone="13900000000")}
    assert await select(ErasureLeft) == []
    assert (await replay.compare(world.settings.database_url)).differing == 0


async def test_an_erased_document_may_be_registered_again_as_somebody_new(city: World) -> None:
    number = resident_id(777)

    async def register() -> str:
        made = await register_person(
            PUBLIC,
            name="陈桂兰",
            document=DocumentType.RESIDENT_ID,
            document_number=number,
            phone="13911112222",
            home=city.station,
            consent=True,
            key=key(),
        )
        return made.person

    first = await register()
    with pytest.raises(people.RegisteredAlready):
        await register()
    await ask_erasure(Actor(id=first, person=first), key=key())
    second = await register()
    assert second != first
    found = await directory.find_by_document(
        city.staff[Role.STATION_MANAGER],
        document=DocumentType.RESIDENT_ID,
        document_number=number,
    )
    assert found
    assert found.id == second


async def test_nobody_acts_any_more_as_who_was_erased(city: World) -> None:
    who = await city.volunteer()
    await ask_erasure(who, key=key())
    with pytest.raises(PersonNotActive):
        await captured(city, who)
    with pytest.raises(NotInThisState):
        await ask_erasure(who, key=key())
    with pytest.raises(NotInThisState):
        await withdraw_erasure(who, key=key())
    with pytest.raises(NotInThisState):
        await reopen_account(who, key=key())
    with pytest.raises(HolderGone):
        await grant_role(SYSTEM, person=whose(who), role=Role.AUDITOR, scope="420100/", key=key())
    with pytest.raises(Unauthenticated):
        await ask_erasure(PUBLIC, key=key())
    with pytest.raises(Unauthenticated):
        await withdraw_erasure(PUBLIC, key=key())


# What is left undone


async def test_a_crash_before_the_list_is_made_good_by_the_next_round(
    city: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    who = await city.volunteer()

    def dies(path: Path, person: str) -> None:
        raise OSError("no space left")

    with monkeypatch.context() as patched:
        patched.setattr("timebank.erasures.list_erased", dies)
        with pytest.raises(OSError, match="no space"):
            await ask_erasure(who, key=key())
    assert await state_of(who) is PersonState.ERASED
    assert [left.id for left in await select(ErasureLeft)] == [whose(who)]
    assert not city.settings.erased_file.exists()
    await sweep()
    assert city.settings.erased_file.read_text() == f"{whose(who)}\n"
    assert await select(ErasureLeft) == []


async def test_a_log_that_is_read_is_emptied_later(
    city: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    who = await city.volunteer()

    async def busy() -> bool:
        return False

    with monkeypatch.context() as patched:
        patched.setattr(city.journal.writer, "scrub", busy)
        await ask_erasure(who, key=key())
        with pytest.raises(NotScrubbed):
            await complete_erasure(whose(who))
        await sweep()
        assert [left.id for left in await select(ErasureLeft)] == [whose(who)]
    await sweep()
    assert await select(ErasureLeft) == []


async def test_a_session_opened_in_between_goes_too(
    city: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    who = await city.volunteer()

    places: list[Place] = []

    async def before_the_session(person: str) -> list[Place]:
        told = await personal_places(person)
        if not places:
            places.extend(told)
            await open_session(person)
        return told

    monkeypatch.setattr("timebank.erasures.personal_places", before_the_session)
    await ask_erasure(who, key=key())
    assert places
    assert await select(Session, person=whose(who)) == []


# By the officer, and on the wire


async def test_the_officer_asks_for_somebody_who_cannot(city: World) -> None:
    officer = await city.officer(Role.DATA_PROTECTION_OFFICER)
    far = await city.officer(Role.DATA_PROTECTION_OFFICER, "420100/420103/")
    who = await city.volunteer()
    number = await city.number_of(who)
    for stranger in (far, city.staff[Role.STATION_MANAGER], await city.volunteer()):
        with pytest.raises(NotFound):
            await ask_erasure(stranger, number=number, key=key())
        assert await erasure_of(stranger, number) is None
    await ask_erasure(officer, number=number, key=key())
    assert await state_of(who) is PersonState.ERASED
    held = await erasure_of(officer, number)
    assert held
    assert held.state is ErasureState.DONE
    assert await erasure_of(far, number) is None
    assert await erasure_of(PUBLIC) is None


async def test_an_erasure_on_the_wire(city: World) -> None:
    officer = await city.officer(Role.DATA_PROTECTION_OFFICER)
    who = await city.volunteer()
    number = await city.number_of(who)
    hold = await act(city, officer, "placeHold", "hold { id }", number=number, reason="AUDIT")
    asks = "erasure { state matters endedAt }"
    asked = await act(city, who, "askErasure", asks)
    assert asked["erasure"] == {"state": "HELD", "matters": ["AUDIT"], "endedAt": None}
    # Until it is over nobody else reads who it is; the person does.
    id, manager = whose(who), city.staff[Role.STATION_MANAGER]
    assert await looking.names_of(manager, [id]) == {}
    assert set(await looking.names_of(who, [id])) == {id}
    back = await act(city, who, "withdrawErasure", asks)
    assert back["erasure"]["state"] == "WITHDRAWN"
    await act(city, officer, "liftHold", "hold { id }", hold=hold["hold"]["id"])
    done = await act(city, officer, "askErasure", asks, number=number)
    assert (done["erasure"]["state"], done["erasure"]["matters"]) == ("DONE", [])
    told = await ask(city, officer, "query($n: String!) { person(number: $n) { state } }", n=number)
    assert told["person"] is None
    mine = await ask(city, who, "{ erasure { state } me { state name phone } }")
    assert mine["erasure"] == {"state": "DONE"}
    assert mine["me"] == {"state": "ERASED", "name": None, "phone": None}
