"""Data requests: what is granted at once, what the officer answers, and until when."""

from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path

import pytest

from tests import looking
from tests.wire import act, ask
from tests.world import World, key, open_world
from timebank import replay
from timebank.access import Role
from timebank.actors import PUBLIC, Actor
from timebank.data_requests import (
    LIFECYCLE,
    AskedAlready,
    DataRequest,
    NotDoneYet,
    OpenRequest,
    OwnRequest,
    RequestGranted,
    RequestGround,
    RequestKind,
    RequestRefused,
    RequestState,
    RequestWithdrawn,
    decide_ask,
    decide_done,
    grant_request,
    refuse_request,
    request_data,
    requests,
    visible_requests,
    withdraw_request,
    words_of,
)
from timebank.erasures import ask_erasure
from timebank.events import Event
from timebank.lifecycles import NotInThisState, step
from timebank.person_life import PersonState
from timebank.refusals import NotFound, Unauthenticated
from timebank.restrictions import NotRestricted, RestrictedAlready, lift_restriction
from timebank.tables import count, find
from timebank.texts import Text, TextMissing

pytestmark = pytest.mark.anyio

EVENTS: list[type[Event]] = [RequestGranted, RequestRefused, RequestWithdrawn]


@pytest.fixture
async def city(sqlite_url: str, tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(sqlite_url, tmp_path) as opened:
        yield opened


async def held(id: str) -> DataRequest:
    """A request that must be there."""
    found = await find(DataRequest, id)
    assert found
    return found


async def listed(actor: Actor, scope: str | None = None) -> list[str]:
    """The requests an actor reads, by id."""
    found = await requests(actor, scope=scope, after=None, before=None, limit=99, backward=False)
    return [one.id for one in found]


def test_every_state_is_listed_and_reached_and_no_other_step_is_allowed() -> None:
    assert set(LIFECYCLE) == set(RequestState)
    reached = {to for steps in LIFECYCLE.values() for to in steps.values()}
    assert reached | {RequestState.RECEIVED} == set(RequestState)
    for state in RequestState:
        for event in EVENTS:
            if event in LIFECYCLE[state]:
                assert step(LIFECYCLE, state, event) in RequestState
            else:
                with pytest.raises(NotInThisState):
                    step(LIFECYCLE, state, event)


def test_one_open_request_of_a_kind() -> None:
    decide_ask(None)
    with pytest.raises(AskedAlready, match="2026-12-11"):
        decide_ask(OpenRequest(id="per_1/copy", request="drq_1", answer_by=date(2026, 12, 11)))


@pytest.mark.parametrize("state", list(PersonState))
def test_a_deletion_is_granted_when_it_is_under_way(state: PersonState) -> None:
    decide_done(RequestKind.CORRECTION, state)
    if state in (PersonState.ERASING, PersonState.ERASED):
        decide_done(RequestKind.DELETION, state)
    else:
        with pytest.raises(NotDoneYet, match="deletion"):
            decide_done(RequestKind.DELETION, state)


@pytest.mark.parametrize("kind", [RequestKind.ACCESS, RequestKind.COPY, RequestKind.PORTABILITY])
async def test_what_the_software_gives_is_granted_at_once_and_as_often_as_asked(
    city: World, kind: RequestKind
) -> None:
    who = await city.volunteer()
    for _ in range(2):
        made = await request_data(who, kind=kind, key=key())
        assert (await held(made.request)).state is RequestState.GRANTED


async def test_the_officer_answers_within_fifteen_working_days(world: World) -> None:
    officer = await world.officer(Role.DATA_PROTECTION_OFFICER)
    who = await world.volunteer()
    made = await request_data(who, kind=RequestKind.CORRECTION, words="姓名写错了", key=key())
    request = await held(made.request)
    # 20 November 2026 is a Friday, and no holiday lies in the three weeks after it.
    assert request.answer_by == date(2026, 12, 11)
    assert request.received_at.date() == date(2026, 11, 20)
    with pytest.raises(AskedAlready):
        await request_data(who, kind=RequestKind.CORRECTION, words="又错了", key=key())
    assert await listed(officer, world.station_path) == [made.request]
    assert await words_of(officer, [made.request], "words") == {made.request: "姓名写错了"}
    await refuse_request(
        officer,
        request=made.request,
        ground=RequestGround.NOT_WRONG,
        answer="与证件一致",
        key=key(),
    )
    request = await held(made.request)
    assert (request.state, request.ground) == (RequestState.REFUSED, RequestGround.NOT_WRONG)
    assert await words_of(who, [made.request], "answer") == {made.request: "与证件一致"}
    assert await listed(officer, world.station_path) == []
    with pytest.raises(NotInThisState):
        await grant_request(officer, request=made.request, answer="好", key=key())
    with pytest.raises(NotInThisState):
        await withdraw_request(who, request=made.request, key=key())
    await request_data(who, kind=RequestKind.CORRECTION, words="又错了", key=key())
    assert (await replay.compare(world.settings.database_url)).differing == 0


async def test_a_deletion_is_granted_once_it_is_done_and_its_words_go_too(city: World) -> None:
    officer = await city.officer(Role.DATA_PROTECTION_OFFICER)
    who = await city.volunteer()
    number = await city.number_of(who)
    made = await request_data(who, kind=RequestKind.DELETION, words="请删除", key=key())
    with pytest.raises(NotDoneYet):
        await grant_request(officer, request=made.request, answer="已删除", key=key())
    await ask_erasure(officer, number=number, key=key())
    await grant_request(officer, request=made.request, answer="已删除", key=key())
    assert (await held(made.request)).state is RequestState.GRANTED
    assert await count(Text, id=f"{made.request}:words") == 0


async def test_requests_are_the_persons_and_the_officers_in_scope(city: World) -> None:
    officer = await city.officer(Role.DATA_PROTECTION_OFFICER)
    far = await city.officer(Role.DATA_PROTECTION_OFFICER, "420100/420103/")
    who = await city.volunteer()
    made = await request_data(who, kind=RequestKind.DELETION, key=key())
    for stranger in (far, city.staff[Role.STATION_MANAGER], await city.volunteer(), who):
        if stranger is not who:
            assert await visible_requests(stranger, [made.request]) == {}
            assert await listed(stranger, city.station_path) == []
            with pytest.raises(NotFound):
                await withdraw_request(stranger, request=made.request, key=key())
        with pytest.raises(NotFound):
            await grant_request(stranger, request=made.request, answer="好", key=key())
        with pytest.raises(NotFound):
            await refuse_request(
                stranger,
                request=made.request,
                ground=RequestGround.KEPT_BY_LAW,
                answer="否",
                key=key(),
            )
    with pytest.raises(Unauthenticated):
        await request_data(PUBLIC, kind=RequestKind.COPY, key=key())
    own = await request_data(officer, kind=RequestKind.DELETION, key=key())
    with pytest.raises(OwnRequest):
        await grant_request(officer, request=own.request, answer="好", key=key())
    await withdraw_request(who, request=made.request, key=key())
    assert (await held(made.request)).state is RequestState.WITHDRAWN


async def test_a_correction_says_what_is_wrong(city: World) -> None:
    who = await city.volunteer()
    with pytest.raises(TextMissing):
        await request_data(who, kind=RequestKind.CORRECTION, key=key())


# Restriction


async def test_restricted_data_are_not_used_until_the_person_lifts_it(world: World) -> None:
    manager = world.staff[Role.STATION_MANAGER]
    who, other = await world.volunteer(), await world.volunteer()
    ids = [who.person or "", other.person or ""]
    with pytest.raises(NotRestricted):
        await lift_restriction(who, key=key())
    made = await request_data(who, kind=RequestKind.RESTRICTION, key=key())
    assert (await held(made.request)).state is RequestState.GRANTED
    with pytest.raises(RestrictedAlready):
        await request_data(who, kind=RequestKind.RESTRICTION, key=key())
    for read in (looking.names_of, looking.phones_of):
        assert list(await read(manager, ids)) == ids[1:]
        assert list(await read(who, ids)) == ids[:1]
    await lift_restriction(who, key=key())
    assert set(await looking.names_of(manager, ids)) == set(ids)
    assert (await replay.compare(world.settings.database_url)).differing == 0


async def test_data_requests_on_the_wire(city: World) -> None:
    officer = await city.officer(Role.DATA_PROTECTION_OFFICER)
    who = await city.volunteer()
    asks = "request { id kind state answerBy words answer ground person { number } }"
    made = await act(city, who, "requestData", asks, kind="CORRECTION", words="电话错了")
    request = made["request"]
    assert (request["state"], request["words"]) == ("RECEIVED", "电话错了")
    twice = await act(city, who, "requestData", asks, kind="CORRECTION", words="电话错了")
    assert [error["code"] for error in twice["userErrors"]] == ["ASKED_ALREADY"]
    open_ones = await ask(
        city,
        officer,
        "query($s: String) { dataRequests(scope: $s, first: 5) { edges { node { id } } } }",
        s=city.station_path,
    )
    assert [edge["node"]["id"] for edge in open_ones["dataRequests"]["edges"]] == [request["id"]]
    done = await act(city, officer, "grantRequest", asks, request=request["id"], answer="已更正")
    assert (done["request"]["state"], done["request"]["answer"]) == ("GRANTED", "已更正")
    answered = "query($s: String!) { answeredRequests(scope: $s, first: 5) { nodes { id } } }"
    for asker, seen in ((officer, [{"id": request["id"]}]), (who, [])):
        listed = await ask(city, asker, answered, s=city.station_path)
        assert listed["answeredRequests"]["nodes"] == seen
    await act(city, who, "requestData", asks, kind="RESTRICTION")
    hidden = await ask(
        city,
        city.staff[Role.STATION_MANAGER],
        "query($n: String!) { person(number: $n) { name } }",
        n=await city.number_of(who),
    )
    assert hidden["person"] == {"name": None}
    lifted = await act(city, who, "liftRestriction", "person { name }")
    assert lifted["person"]["name"]
