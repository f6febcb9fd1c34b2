"""Star awards: who may apply for which star, who sees what, and the appeal."""

from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.starring import (
    DAY,
    HOURLY,
    SEEDED,
    applied,
    award_of,
    awarded,
    laid_open,
    officer_of,
    renamed,
    served_hours,
)
from tests.wire import act, ask
from tests.world import World, key, open_world
from timebank import replay
from timebank.access import Role
from timebank.actors import PUBLIC, SYSTEM
from timebank.batch import Batch
from timebank.estates import report_death
from timebank.events import Event
from timebank.finding_life import Misconduct
from timebank.findings import Found, FoundAgainst
from timebank.held_stars import NotClean, Standing, Stars, star_of, star_on, stars_on
from timebank.journal import Answer, write
from timebank.lifecycles import NotInThisState, step
from timebank.notices import NoticeCode, inbox_of, open_inbox
from timebank.objections import ObjectionTooLate
from timebank.people import Person, PersonNotActive
from timebank.person_life import PersonState
from timebank.policy import CALENDAR, Policy, PolicyCalendar, Star, decide_publish
from timebank.record_life import ReverseReason
from timebank.refusals import NotFound, Refusal, Unauthenticated
from timebank.reversals import reverse_hours
from timebank.star_award_life import (
    LIFECYCLE,
    StarAppealed,
    StarApplicationWithdrawn,
    StarAwarded,
    StarDeclined,
    StarEndorsed,
    StarPublicised,
    StarRestored,
    StarRevocationUpheld,
    StarRevoked,
    StarRevokeReason,
    StarState,
)
from timebank.star_awards import (
    FiveStarsNeedOrganisation,
    NoOrganisationNeeded,
    NoSuchStar,
    StarHeld,
    StarNotReached,
    StarWaiting,
    appeal_star,
    apply_for_star,
    awards_at,
    decide_application,
    withdraw_star,
)
from timebank.star_rulings import revoke_star, rule_on_star_appeal
from timebank.texts import TextMissing

TODAY = date(2026, 11, 20)
PERSON = Person(
    id="per_1", number="WH-1", home="sta_1", home_path="420100/sta_1/", state=PersonState.ACTIVE
)
FREE = renamed(SEEDED, "WH-FREE", five_star_needs_organisation=False)
MOVES: list[type[Event]] = [
    StarApplicationWithdrawn,
    StarEndorsed,
    StarPublicised,
    StarDeclined,
    StarAwarded,
    StarRevoked,
    StarAppealed,
    StarRestored,
    StarRevocationUpheld,
]
PAGE: dict[str, Any] = {"after": None, "before": None, "limit": 9, "backward": False}
ABLE: dict[str, Any] = {
    "minutes": 20_000,
    "stars": None,
    "found": None,
    "today": TODAY,
    "policy": SEEDED,
}


def holding(level: int, needed: int, until: date | None = None) -> Stars:
    made = Standing(award="str_1", level=level, needed=needed, since=TODAY, until=until)
    return Stars(person="per_1", held=(made,))


def guilty(day: date, lifted: date | None = None) -> FoundAgainst:
    made = Found(
        finding="fin_1", misconduct=Misconduct.INVENTED_HOURS, found_on=day, lifted_on=lifted
    )
    return FoundAgainst(person="per_1", found=(made,))


@pytest.fixture
async def world(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(database_url, tmp_path, policy=HOURLY) as opened:
        opened.staff[Role.CITY_LEAD] = await opened.officer(Role.CITY_LEAD)
        yield opened


@pytest.mark.parametrize(
    ("level", "changed", "refusal"),
    [
        (1, {}, None),
        (2, {}, None),
        (2, {"minutes": 18_000}, None),
        (2, {"minutes": 17_999}, StarNotReached),
        (3, {}, StarNotReached),
        (0, {}, NoSuchStar),
        (6, {"minutes": 10**9}, NoSuchStar),
        (5, {"minutes": 90_000}, FiveStarsNeedOrganisation),
        (5, {"minutes": 90_000, "organisation": "org_1"}, None),
        (5, {"minutes": 89_999, "organisation": "org_1"}, StarNotReached),
        (4, {"minutes": 90_000, "organisation": "org_1"}, NoOrganisationNeeded),
        (5, {"minutes": 90_000, "policy": FREE}, None),
        (5, {"minutes": 90_000, "policy": FREE, "organisation": "org_1"}, NoOrganisationNeeded),
        (5, {"minutes": 89_999, "policy": FREE}, StarNotReached),
        (1, {"stars": holding(1, 6_000)}, StarHeld),
        (1, {"stars": holding(2, 18_000)}, StarHeld),
        (2, {"stars": holding(1, 6_000)}, None),
        (1, {"stars": holding(1, 6_000, until=TODAY)}, None),
        (1, {"stars": holding(2, 18_000), "minutes": 17_000}, None),
        (2, {"stars": Stars(person="per_1", waiting="str_9")}, StarWaiting),
        (1, {"found": guilty(date(2023, 11, 21))}, NotClean),
        (1, {"found": guilty(date(2023, 11, 20))}, None),
        (1, {"found": guilty(date(2023, 11, 21), lifted=TODAY)}, None),
    ],
)
def test_who_may_apply_for_which_star(
    level: int, changed: dict[str, Any], refusal: type[Refusal] | None
) -> None:
    given: dict[str, Any] = ABLE | changed
    if refusal is None:
        told = decide_application("str_2", PERSON, level, **given)
        assert told.needed == given["policy"].star.minutes[level - 1] <= told.minutes
    else:
        with pytest.raises(refusal):
            decide_application("str_2", PERSON, level, **given)


def test_a_refusal_says_how_far_it_is_and_by_which_rule() -> None:
    with pytest.raises(StarNotReached) as no:
        decide_application("str_2", PERSON, 2, **{**ABLE, "minutes": 18_000 - 37 * 60})
    assert no.value.details == {"level": "2", "missing": "2220", "policy": "WH-2016-12"}


def test_every_state_is_listed_and_reached_and_no_other_step_is_allowed() -> None:
    reached = {to for steps in LIFECYCLE.values() for to in steps.values()}
    assert set(LIFECYCLE) == set(StarState) == reached | {StarState.APPLIED}
    for state in StarState:
        for event in MOVES:
            if event in LIFECYCLE[state]:
                assert step(LIFECYCLE, state, event) in StarState
            else:
                with pytest.raises(NotInThisState):
                    step(LIFECYCLE, state, event)


def test_a_star_stands_while_the_record_holds_what_it_took() -> None:
    stars = holding(2, 18_000)
    assert [star_of(stars, minutes) for minutes in (17_999, 18_000)] == [0, 2]
    assert star_of(holding(2, 18_000, until=TODAY), 18_000) == 0
    assert star_of(None, 10**9) == 0
    ended = holding(2, 18_000, until=TODAY + 2 * DAY)
    days = [TODAY + n * DAY for n in range(-1, 3)]
    assert [star_on(ended, 18_000, day) for day in days] == [0, 2, 2, 0]
    assert star_on(ended, 17_999, TODAY) == 0


@pytest.mark.anyio
async def test_a_star_from_application_to_award_is_on_the_ledger_and_told(world: World) -> None:
    who = await world.volunteer()
    await open_inbox(who)
    await served_hours(world, who, 2)
    told = await act(world, who, "applyForStar", "award { id state neededMinutes policy }", level=1)
    award = told["award"].pop("id")
    assert told["award"] == {"state": "APPLIED", "neededMinutes": 60, "policy": "WH-2016-12"}
    lead = world.staff[Role.DISTRICT_LEAD]
    told = await act(world, lead, "publiciseStar", "award { state openUntil number }", award=award)
    assert told["award"] == {
        "state": "PUBLICITY",
        "openUntil": "2026-11-27",
        "number": await world.number_of(who),
    }
    # Everybody reads which star somebody is to have, and not who that is.
    asked = (
        "query { starPublicity { nodes { id level serviceMinutes appeal volunteer { name } } } }"
    )
    (seen,) = (await ask(world, PUBLIC, asked))["starPublicity"]["nodes"]
    assert seen == {
        "id": award,
        "level": 1,
        "serviceMinutes": 120,
        "appeal": None,
        "volunteer": None,
    }
    world.clock.move(8 * DAY)
    told = await act(world, lead, "awardStar", "award { state }", award=award)
    assert told["award"] == {"state": "AWARDED"}
    progress = "query { starProgress { level awardedLevel missingMinutes policy cleanFrom } }"
    assert (await ask(world, who, progress))["starProgress"] == {
        "level": 2,
        "awardedLevel": 1,
        "missingMinutes": 60,
        "policy": "WH-2016-12",
        "cleanFrom": None,
    }
    codes = [notice.code for notice in await inbox_of(who)]
    assert codes[:2] == [NoticeCode.STAR_AWARDED, NoticeCode.STAR_PUBLICISED]
    assert (await ask(world, PUBLIC, asked))["starPublicity"]["nodes"] == []
    assert (await replay.compare(world.settings.database_url)).differing == 0


@pytest.mark.anyio
async def test_as_of_any_day_the_star_is_what_it_was_and_a_reversal_lowers_it(
    world: World,
) -> None:
    who = await world.volunteer()
    (record,) = await served_hours(world, who, 1)
    began = world.clock.now().date()
    await awarded(world, who)
    person = who.person or ""
    after = world.clock.now().date()
    world.clock.move(3 * DAY)
    reason = ReverseReason.RECORDED_WRONGLY
    await reverse_hours(world.staff[Role.DISTRICT_LEAD], records=[record], reason=reason, key=key())
    lowered = world.clock.now().date()
    seen = {}
    for day in (began - DAY, began, after, lowered - DAY, lowered):
        told = await stars_on(person, day)
        assert told
        seen[day] = (told.progress.minutes, told.progress.level, told.awarded)
    assert seen == {
        began - DAY: (0, 0, 0),
        began: (60, 1, 0),
        after: (60, 1, 1),
        lowered - DAY: (60, 1, 1),
        lowered: (0, 0, 0),
    }
    # The award itself stands: as soon as the hours are there again, so is the star.
    await served_hours(world, who, 1)
    told = await stars_on(person, lowered)
    assert told
    assert told.awarded == 1


@pytest.mark.anyio
async def test_who_has_applied_waits_or_withdraws(world: World) -> None:
    who, other = await world.volunteer(), await world.volunteer()
    await served_hours(world, who, 2)
    award = await applied(world, who)
    with pytest.raises(StarWaiting):
        await apply_for_star(who, level=2, key=key())
    with pytest.raises(NotFound):
        await withdraw_star(other, award=award, key=key())
    told = await act(world, who, "withdrawStar", "award { state }", award=award)
    assert told["award"] == {"state": "WITHDRAWN"}
    with pytest.raises(NotInThisState):
        await withdraw_star(who, award=award, key=key())
    again = await laid_open(world, who, level=2)
    await withdraw_star(who, award=again, key=key())
    assert (await applied(world, who)) != award


@pytest.mark.anyio
async def test_nobody_applies_unknown_or_while_suspended(world: World) -> None:
    who = await world.volunteer()
    with pytest.raises(Unauthenticated):
        await apply_for_star(PUBLIC, level=1, key=key())
    with pytest.raises(Unauthenticated):
        await apply_for_star(SYSTEM, level=1, key=key())
    await report_death(world.staff[Role.STATION_CLERK], person=who.person or "", key=key())
    with pytest.raises(PersonNotActive):
        await apply_for_star(who, level=1, key=key())


@pytest.mark.anyio
async def test_a_revoked_star_is_appealed_once_and_in_time(world: World) -> None:
    who = await world.volunteer()
    await served_hours(world, who, 1)
    award = await awarded(world, who)
    lead = world.staff[Role.DISTRICT_LEAD]
    await revoke_star(lead, award=award, reason=StarRevokeReason.AWARDED_WRONGLY, key=key())
    held = await award_of(award)
    assert (held.state, held.appeal_by) == (
        StarState.REVOKED,
        world.clock.now().date() + 30 * DAY,
    )
    with pytest.raises(TextMissing):
        await appeal_star(who, award=award, appeal=" ", key=key())
    with pytest.raises(NotFound):
        await appeal_star(await world.volunteer(), award=award, appeal="不服", key=key())
    told = await act(
        world, who, "appealStar", "award { state decideBy appeal }", award=award, appeal="请再看"
    )
    assert told["award"]["state"] == "APPEALED"
    assert told["award"]["appeal"] == "请再看"
    other = await world.officer(Role.DISTRICT_LEAD)
    await rule_on_star_appeal(other, award=award, restore=False, key=key())
    with pytest.raises(NotInThisState):
        await appeal_star(who, award=award, appeal="再看", key=key())
    assert (await award_of(award)).state is StarState.REVOKED_FINALLY


@pytest.mark.anyio
async def test_after_thirty_days_nobody_appeals(world: World) -> None:
    who = await world.volunteer()
    await served_hours(world, who, 1)
    award = await awarded(world, who)
    await revoke_star(
        officer_of(world, 1), award=award, reason=StarRevokeReason.MISCONDUCT, key=key()
    )
    world.clock.move(timedelta(days=31))
    with pytest.raises(ObjectionTooLate):
        await appeal_star(who, award=award, appeal="不服", key=key())


@pytest.mark.anyio
async def test_a_new_rule_takes_no_star_away(database_url: str, tmp_path: Path) -> None:
    """An award keeps the threshold it was applied for by; the next one follows the new rule."""
    async with open_world(database_url, tmp_path, policy=HOURLY) as world:
        who = await world.volunteer()
        await served_hours(world, who, 1)
        await awarded(world, who)
        await harder(world, msgspec.structs.replace(HOURLY.star, minutes=(90, 120, 180, 240, 300)))
        world.clock.move(2 * DAY)
        told = await stars_on(who.person or "", world.clock.now().date())
        assert told
        assert (told.progress.policy, told.progress.level, told.awarded) == ("WH-HARD", 0, 1)
        before = await stars_on(who.person or "", world.clock.now().date() - 3 * DAY)
        assert before
        assert (before.progress.policy, before.progress.level) == ("WH-2016-12", 1)
        await served_hours(world, who, 1)
        with pytest.raises(StarHeld):
            await apply_for_star(who, level=1, key=key())
        assert (await award_of(await applied(world, who, 2))).policy == "WH-HARD"


async def harder(world: World, star: Star) -> None:
    """Another rule about stars holds from tomorrow."""
    tomorrow = (world.clock.now() + DAY).date()
    named = msgspec.structs.replace(HOURLY.policy, id="WH-HARD", effective=tomorrow)
    policy: Policy = msgspec.structs.replace(HOURLY, policy=named, star=star)

    def work(batch: Batch) -> Answer:
        calendar = batch.get(PolicyCalendar, CALENDAR)
        return Answer(entry=batch.record(decide_publish(policy, calendar, None)).seq)

    await write(SYSTEM, None, work, answer=Answer)


@pytest.mark.anyio
async def test_officers_see_what_waits_in_their_scope_alone(world: World) -> None:
    who = await world.volunteer()
    await served_hours(world, who, 1)
    award = await applied(world, who)
    lead = world.staff[Role.DISTRICT_LEAD]
    far = await world.officer(Role.DISTRICT_LEAD, "420100/420103/")
    seen = await awards_at(lead, world.station_path, StarState.APPLIED, **PAGE)
    assert [held.id for held in seen] == [award]
    assert await awards_at(far, world.station_path, StarState.APPLIED, **PAGE) == []
    node = "query($id: ID!) { node(id: $id) { id } }"
    assert (await ask(world, await world.volunteer(), node, id=award))["node"] is None
    assert (await ask(world, far, node, id=award))["node"] is None
    assert (await ask(world, who, node, id=award))["node"] == {"id": award}
