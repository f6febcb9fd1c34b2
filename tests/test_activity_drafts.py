"""Activity drafts: written, written anew, declared with all that declaring asks, or let go."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from tests.test_activities import state_of
from tests.wire import act, ask
from tests.world import NOON, World, key
from timebank.access import Role
from timebank.activities import ActivityKind, ActivityState
from timebank.activity_drafts import (
    activity_drafts,
    decide_title,
    declare_draft,
    draft_activity,
    drop_draft,
)
from timebank.activity_plans import DeclaredTooLate, Plan, SeatsWrong, TimesWrong
from timebank.actors import PUBLIC, Actor
from timebank.refusals import Forbidden, NotFound, Unauthenticated
from timebank.texts import TextMissing, TextTooLong, read_texts

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def planned(world: World, **change: Any) -> Plan:
    """A chorus of nine next week."""
    plan = Plan(
        station=world.station,
        kind=ActivityKind.CULTURE,
        title="社区合唱",
        seats=9,
        starts=NOON + 7 * DAY,
        ends=NOON + 7 * DAY + HOUR,
    )
    return msgspec.structs.replace(plan, **change)


async def drafted(world: World, by: Actor | None = None, **change: Any) -> str:
    """A draft by the station's manager, or somebody else."""
    manager = by or world.staff[Role.STATION_MANAGER]
    return (await draft_activity(manager, plan=planned(world, **change), key=key())).draft


@pytest.mark.parametrize(
    ("title", "refusal"), [("", TextMissing), ("唱" * 81, TextTooLong), ("唱" * 80, None)]
)
def test_a_title_says_something_and_is_short(title: str, refusal: Any) -> None:
    if refusal is None:
        decide_title(title)
        return
    with pytest.raises(refusal):
        decide_title(title)


@pytest.mark.anyio
async def test_a_draft_is_written_anew_and_declared_once(world: World) -> None:
    manager = world.staff[Role.STATION_MANAGER]
    draft = await drafted(world)
    plan = planned(world, title="  重阳 合唱 ", team=world.team)
    await draft_activity(manager, plan=plan, draft=draft, key=key())
    (held,) = await activity_drafts(manager, world.station_path)
    assert (held.title, held.team) == ("重阳 合唱", world.team)
    made = await declare_draft(manager, draft=draft, key=key())
    assert await state_of(made.activity) is ActivityState.DECLARED
    assert await read_texts([made.activity], "title") == {made.activity: "重阳 合唱"}
    assert await activity_drafts(manager, world.station_path) == []
    with pytest.raises(NotFound):
        await declare_draft(manager, draft=draft, key=key())


SAID: dict[str, Any] = {
    "place": "江滩三号门",
    "requirements": "满 18 周岁，自带水杯",
    "risks": "临水路滑",
}


@pytest.mark.anyio
async def test_what_is_drafted_of_place_requirements_and_risks_is_declared(world: World) -> None:
    manager = world.staff[Role.STATION_MANAGER]
    for label, words in SAID.items():
        with pytest.raises(TextTooLong) as no:
            await drafted(world, **dict[str, Any]({label: words * 300}))
        assert no.value.details["label"] == label
    draft = await drafted(world, **SAID)
    made = await declare_draft(manager, draft=draft, key=key())
    for label, words in SAID.items():
        assert await read_texts([made.activity], label) == {made.activity: words}


@pytest.mark.anyio
async def test_a_draft_leaves_nothing_on_the_ledger(world: World) -> None:
    async with world.journal.writer.transaction() as transaction:
        size = transaction.head.size
    draft = await drafted(world)
    await drop_draft(world.staff[Role.STATION_MANAGER], draft=draft, key=key())
    async with world.journal.writer.transaction() as transaction:
        assert transaction.head.size == size


@pytest.mark.anyio
async def test_declaring_a_draft_asks_what_declaring_asks(world: World) -> None:
    manager = world.staff[Role.STATION_MANAGER]
    draft = await drafted(world, seats=10, starts=NOON + 2 * DAY, ends=NOON + 2 * DAY + HOUR)
    with pytest.raises(DeclaredTooLate):
        await declare_draft(manager, draft=draft, key=key())
    # What was refused is still there to be changed.
    await draft_activity(manager, plan=planned(world, seats=10), draft=draft, key=key())
    await declare_draft(manager, draft=draft, key=key())


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"ends": NOON}, TimesWrong),
        ({"seats": 0}, SeatsWrong),
        ({"title": " "}, TextMissing),
        ({"station": "sta_none"}, NotFound),
        ({"team": "tem_none"}, NotFound),
    ],
)
async def test_what_could_never_be_declared_is_no_draft(
    world: World, change: dict[str, Any], refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        await drafted(world, **change)


@pytest.mark.anyio
async def test_only_who_may_declare_there_sees_and_changes_a_draft(world: World) -> None:
    draft = await drafted(world)
    for who, refusal in (
        (PUBLIC, Unauthenticated),
        (await world.volunteer(), Forbidden),
        (world.staff[Role.DISTRICT_LEAD], Forbidden),
        (await world.officer(Role.STATION_MANAGER, "420100/420103/"), Forbidden),
    ):
        with pytest.raises(refusal):
            await drafted(world, by=who)
        hidden = Unauthenticated if who is PUBLIC else NotFound
        with pytest.raises(hidden):
            await draft_activity(who, plan=planned(world), draft=draft, key=key())
        with pytest.raises(hidden):
            await drop_draft(who, draft=draft, key=key())
        with pytest.raises(hidden):
            await declare_draft(who, draft=draft, key=key())
        assert await activity_drafts(who, world.station_path) == []
    clerk = world.staff[Role.STATION_CLERK]
    assert [held.id for held in await activity_drafts(clerk, world.station_path)] == [draft]


@pytest.mark.anyio
async def test_a_draft_is_written_listed_and_declared_over_the_wire(world: World) -> None:
    manager, starts = world.staff[Role.STATION_MANAGER], NOON + 7 * DAY
    given = {
        "station": world.station,
        "team": world.team,
        "kind": "CULTURE",
        "title": "社区合唱",
        "seats": 12,
        "starts": starts.isoformat(),
        "ends": (starts + HOUR).isoformat(),
    }
    told = await act(world, manager, "draftActivity", "draft", **given)
    asks = (
        "query($s: String!) { activityDrafts(scope: $s)"
        " { id title seats kind station { id } team { id } } }"
    )
    seen = await ask(world, manager, asks, s=world.station_path)
    assert seen["activityDrafts"] == [
        {
            "id": told["draft"],
            "title": "社区合唱",
            "seats": 12,
            "kind": "CULTURE",
            "station": {"id": world.station},
            "team": {"id": world.team},
        }
    ]
    made = await act(
        world,
        manager,
        "declareActivityDraft",
        "activity { state title seats }",
        draft=told["draft"],
    )
    assert made["activity"] == {"state": "DECLARED", "title": "社区合唱", "seats": 12}
    again = await act(world, manager, "dropActivityDraft", "draft", draft=told["draft"])
    assert [no["code"] for no in again["userErrors"]] == ["NOT_FOUND"]
