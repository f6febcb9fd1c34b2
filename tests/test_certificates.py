"""Certificates: who asks for which days, what they hold, and who sees them."""

from datetime import date, timedelta
from typing import Any

import msgspec
import pytest

from tests.certifying import SINCE, certificate_of, issued, requested
from tests.test_silence import CONFIRMED
from tests.volunteering import posted
from tests.wire import act, ask
from tests.world import World, key
from timebank.access import Role
from timebank.actors import PUBLIC
from timebank.certificate_life import (
    LIFECYCLE,
    CertificateDeclined,
    CertificateIssued,
    CertificateRevoked,
    CertificateState,
    CertificateSuperseded,
    CertificateWithdrawn,
    Line,
)
from timebank.certificates import (
    MOST_LINES,
    CertificateNeedsHome,
    CertificatePeriodWrong,
    CertificateWaiting,
    NothingToCertify,
    certificates_at,
    decide_content,
    decide_period,
    request_certificate,
    withdraw_certificate,
)
from timebank.events import Event
from timebank.hours import Record
from timebank.lifecycles import NotInThisState, step
from timebank.record_life import CaptureMode, RecordState
from timebank.refusals import NotFound, Unauthenticated

TODAY = date(2026, 11, 20)
DAY = timedelta(days=1)
PAGE: dict[str, Any] = {"after": None, "before": None, "limit": 9, "backward": False}
MOVES: list[type[Event]] = [
    CertificateWithdrawn,
    CertificateDeclined,
    CertificateIssued,
    CertificateSuperseded,
    CertificateRevoked,
]


def record(n: int, minutes: int, **changed: Any) -> Record:
    given = {"id": f"rec_{n}", "minutes": minutes, "day": TODAY, "state": RecordState.POSTED}
    return msgspec.structs.replace(CONFIRMED, **given, **changed)


@pytest.mark.parametrize(
    ("since", "until", "fine"),
    [
        (TODAY, TODAY, True),
        (SINCE, TODAY, True),
        (TODAY, TODAY - DAY, False),
        (SINCE, TODAY + DAY, False),
    ],
)
def test_a_period_ends_after_it_begins_and_not_in_the_future(
    since: date, until: date, fine: bool
) -> None:
    if fine:
        decide_period(since, until, TODAY)
    else:
        with pytest.raises(CertificatePeriodWrong):
            decide_period(since, until, TODAY)


@pytest.mark.parametrize("state", RecordState)
def test_only_what_counts_is_certified(state: RecordState) -> None:
    counts = {RecordState.POSTED, RecordState.POSTED_SILENT, RecordState.DISPUTED}
    one = msgspec.structs.replace(record(1, 60), state=state)
    if state in counts:
        assert decide_content([one], TODAY, TODAY)["minutes"] == 60
    else:
        with pytest.raises(NothingToCertify):
            decide_content([one], TODAY, TODAY)


@pytest.mark.parametrize("mode", CaptureMode)
def test_work_in_paid_time_is_not_certified_and_all_else_is(mode: CaptureMode) -> None:
    theirs = [record(1, 60), msgspec.structs.replace(record(2, 30), mode=mode)]
    paid = mode is CaptureMode.DUTY
    assert decide_content(theirs, TODAY, TODAY)["minutes"] == (60 if paid else 90)


def test_the_first_and_the_last_day_are_whole_and_no_other_counts() -> None:
    days = [msgspec.structs.replace(record(n, 60), day=TODAY + n * DAY) for n in range(-2, 3)]
    told = decide_content(days, TODAY - DAY, TODAY + DAY)
    assert (told["minutes"], told["records"]) == (180, 3)


def test_the_longest_activities_are_listed_and_the_rest_is_added_up() -> None:
    many = [
        msgspec.structs.replace(record(n, n + 1), activity=f"act_{n}")
        for n in range(MOST_LINES + 5)
    ]
    by_hand = msgspec.structs.replace(record(99, 500), activity=None)
    told = decide_content([*many, by_hand, by_hand], TODAY, TODAY)
    lines = told["lines"]
    assert isinstance(lines, tuple)
    assert lines[0] == Line(about=CONFIRMED.kind.value, records=2, minutes=1_000)
    assert len(lines) == MOST_LINES
    assert told["rest"] == sum(range(1, 7))
    assert told["minutes"] == sum(line.minutes for line in lines) + 21


def test_every_state_is_listed_and_reached_and_no_other_step_is_allowed() -> None:
    reached = {to for steps in LIFECYCLE.values() for to in steps.values()}
    assert set(LIFECYCLE) == set(CertificateState) == reached | {CertificateState.REQUESTED}
    for state in CertificateState:
        for event in MOVES:
            if event in LIFECYCLE[state]:
                assert step(LIFECYCLE, state, event) in CertificateState
            else:
                with pytest.raises(NotInThisState):
                    step(LIFECYCLE, state, event)


@pytest.mark.anyio
async def test_one_request_at_a_time_is_asked_of_the_home_station(world: World) -> None:
    who = await world.volunteer()
    told = await act(
        world,
        who,
        "requestCertificate",
        "certificate { id state number code sheet { seal } }",
        since="2026-01-01",
        until="2026-11-20",
    )
    made = told["certificate"].pop("id")
    assert told["certificate"] == {
        "state": "REQUESTED",
        "number": None,
        "code": None,
        "sheet": None,
    }
    with pytest.raises(CertificateWaiting) as no:
        await requested(world, who)
    assert no.value.certificate == made
    with pytest.raises(NotFound):
        await withdraw_certificate(await world.volunteer(), certificate=made, key=key())
    told = await act(world, who, "withdrawCertificate", "certificate { state }", certificate=made)
    assert told["certificate"] == {"state": "WITHDRAWN"}
    with pytest.raises(NotInThisState):
        await withdraw_certificate(who, certificate=made, key=key())
    assert await requested(world, who) != made


@pytest.mark.anyio
async def test_nobody_asks_unknown_homeless_or_for_the_future(world: World) -> None:
    with pytest.raises(Unauthenticated):
        await requested(world, PUBLIC)
    with pytest.raises(CertificateNeedsHome):
        await requested(world, world.staff[Role.DISTRICT_LEAD])
    who = await world.volunteer()
    with pytest.raises(CertificatePeriodWrong):
        await request_certificate(
            who, since=SINCE, until=world.clock.now().date() + 2 * DAY, key=key()
        )


@pytest.mark.anyio
async def test_a_newer_certificate_supersedes_ones_own_issued_one_alone(world: World) -> None:
    who, other = await world.volunteer(), await world.volunteer()
    await posted(world, who)
    first = await issued(world, who)
    with pytest.raises(NotFound):
        await requested(world, other, replaces=first)
    second = await issued(world, who, replaces=first)
    old = await certificate_of(first)
    assert (old.state, old.superseded_by) == (CertificateState.SUPERSEDED, second)
    with pytest.raises(NotInThisState):
        await requested(world, who, replaces=first)


@pytest.mark.anyio
async def test_staff_see_what_waits_in_their_scope_and_others_nothing(world: World) -> None:
    who = await world.volunteer()
    made = await requested(world, who)
    far = await world.officer(Role.STATION_MANAGER, "420100/420103/")
    state = CertificateState.REQUESTED
    near = world.staff[Role.STATION_MANAGER]
    assert [one.id for one in await certificates_at(near, world.station_path, state, **PAGE)] == [
        made
    ]
    assert await certificates_at(far, world.station_path, state, **PAGE) == []
    node = "query($id: ID!) { node(id: $id) { id } }"
    for actor, seen in ((who, {"id": made}), (far, None), (await world.volunteer(), None)):
        assert (await ask(world, actor, node, id=made))["node"] == seen
