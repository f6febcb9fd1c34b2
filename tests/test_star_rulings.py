"""Star rulings: which officer decides on which star, what is asked again, and who may not."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests import misconduct
from tests.starring import DAY, HOURLY, applied, award_of, awarded, laid_open, served_hours
from tests.wire import act, ask
from tests.world import World, key, open_world
from timebank import replay
from timebank.access import Role
from timebank.actors import PUBLIC, person
from timebank.finding_life import Blame
from timebank.held_stars import NotClean, stars_on
from timebank.lifecycles import NotInThisState
from timebank.notices import NoticeCode, inbox_of
from timebank.publicity import (
    OwnPublicityObjection,
    PublicityObjection,
    PublicityOpen,
    PublicityReason,
    PublicityUndecided,
    object_to_publicity,
    objection_key,
)
from timebank.record_life import ReverseReason
from timebank.refusals import Forbidden, NotFound, Unauthenticated
from timebank.reversals import reverse_hours
from timebank.star_award_life import StarDeclineReason, StarRevokeReason, StarState
from timebank.star_awards import StarNotReached, appeal_star
from timebank.star_rulings import (
    OwnStar,
    RevokedByYou,
    award_star,
    decline_star,
    publicise_star,
    revoke_star,
    rule_on_star_appeal,
    rule_on_star_objection,
)
from timebank.tables import find


@pytest.fixture
async def world(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(database_url, tmp_path, policy=HOURLY) as opened:
        opened.staff[Role.CITY_LEAD] = await opened.officer(Role.CITY_LEAD)
        yield opened


async def objected(world: World, award: str) -> str:
    """An objection by somebody, whose id is returned."""
    who = await world.volunteer()
    reason = PublicityReason.HOURS_FALSE
    await object_to_publicity(who, about=award, reason=reason, key=key())
    return who.person or ""


@pytest.mark.anyio
async def test_the_district_awards_two_stars_and_the_city_the_higher_ones(world: World) -> None:
    who = await world.volunteer()
    await served_hours(world, who, 4)
    district, city = world.staff[Role.DISTRICT_LEAD], world.staff[Role.CITY_LEAD]
    for level, right, wrong in ((2, district, city), (3, city, district), (4, city, district)):
        award = await applied(world, who, level)
        with pytest.raises(Forbidden):
            await publicise_star(wrong, award=award, key=key())
        await publicise_star(right, award=award, key=key())
        world.clock.move(8 * DAY)
        with pytest.raises(Forbidden):
            await award_star(wrong, award=award, key=key())
        await award_star(right, award=award, key=key())
        told = await stars_on(who.person or "", world.clock.now().date())
        assert told
        assert told.awarded == level


@pytest.mark.anyio
async def test_who_is_out_of_scope_finds_nothing(world: World) -> None:
    who = await world.volunteer()
    await served_hours(world, who, 1)
    award = await applied(world, who)
    far = await world.officer(Role.DISTRICT_LEAD, "420100/420103/")
    for actor, refusal in ((far, NotFound), (who, NotFound), (PUBLIC, Unauthenticated)):
        with pytest.raises(refusal):
            await publicise_star(actor, award=award, key=key())
    with pytest.raises(Forbidden):
        await publicise_star(world.staff[Role.STATION_MANAGER], award=award, key=key())


@pytest.mark.anyio
async def test_an_officer_never_decides_on_a_star_of_their_own(world: World) -> None:
    lead = world.staff[Role.DISTRICT_LEAD]
    me = person(lead.person or "")
    await served_hours(world, me, 1)
    award = await applied(world, me)
    with pytest.raises(OwnStar):
        await publicise_star(lead, award=award, key=key())
    other = await world.officer(Role.DISTRICT_LEAD)
    await publicise_star(other, award=award, key=key())
    world.clock.move(8 * DAY)
    with pytest.raises(OwnStar):
        await award_star(lead, award=award, key=key())
    await award_star(other, award=award, key=key())


@pytest.mark.anyio
async def test_nothing_is_awarded_before_its_publicity_is_over_and_everybody_was_heard(
    world: World,
) -> None:
    who, lead = await world.volunteer(), world.staff[Role.DISTRICT_LEAD]
    await served_hours(world, who, 1)
    award = await applied(world, who)
    with pytest.raises(NotInThisState):
        await award_star(lead, award=award, key=key())
    await publicise_star(lead, award=award, key=key())
    objector = await objected(world, award)
    world.clock.move(7 * DAY)
    with pytest.raises(PublicityOpen):
        await award_star(lead, award=award, key=key())
    world.clock.move(DAY)
    with pytest.raises(PublicityUndecided):
        await award_star(lead, award=award, key=key())
    told = await act(
        world,
        lead,
        "decideStarObjection",
        "award { state objections { objector reason state } }",
        award=award,
        objector=objector,
        uphold=False,
    )
    assert told["award"] == {
        "state": "PUBLICITY",
        "objections": [{"objector": objector, "reason": "HOURS_FALSE", "state": "DISMISSED"}],
    }
    # Only officers read who objected.
    node = "query($id: ID!) { node(id: $id) { ... on StarAward { objections { objector } } } }"
    assert (await ask(world, who, node, id=award))["node"] == {"objections": []}
    await award_star(lead, award=award, key=key())
    assert (await replay.compare(world.settings.database_url)).differing == 0


@pytest.mark.anyio
async def test_an_upheld_objection_declines_the_star(world: World) -> None:
    who, lead = await world.volunteer(), world.staff[Role.DISTRICT_LEAD]
    await served_hours(world, who, 1)
    award = await laid_open(world, who)
    objector = await objected(world, award)
    mine = await world.officer(Role.DISTRICT_LEAD)
    reason = PublicityReason.MISCONDUCT
    await object_to_publicity(mine, about=award, reason=reason, key=key())
    with pytest.raises(OwnPublicityObjection):
        await rule_on_star_objection(
            mine, award=award, objector=mine.person or "", uphold=True, key=key()
        )
    with pytest.raises(NotFound):
        await rule_on_star_objection(lead, award=award, objector="per_x", uphold=True, key=key())
    await rule_on_star_objection(lead, award=award, objector=objector, uphold=True, key=key())
    held = await award_of(award)
    assert (held.state, held.declined) == (
        StarState.DECLINED,
        StarDeclineReason.OBJECTION_UPHELD,
    )
    with pytest.raises(NotInThisState):
        await rule_on_star_objection(lead, award=award, objector=objector, uphold=True, key=key())
    # The other objection may still be answered; it changes nothing any more.
    other = mine.person or ""
    await rule_on_star_objection(lead, award=award, objector=other, uphold=False, key=key())
    decided = await find(PublicityObjection, objection_key(award, other))
    assert decided
    assert decided.decided_by == lead.id
    for raised_by, code in (
        (objector, NoticeCode.PUBLICITY_UPHELD),
        (other, NoticeCode.PUBLICITY_DISMISSED),
    ):
        (notice, *_) = await inbox_of(person(raised_by))
        assert (notice.code, notice.about) == (code, award)
    assert (await replay.compare(world.settings.database_url)).differing == 0


@pytest.mark.anyio
async def test_what_was_needed_is_asked_again_when_the_star_is_awarded(world: World) -> None:
    who, lead = await world.volunteer(), world.staff[Role.DISTRICT_LEAD]
    first, _ = await served_hours(world, who, 2)
    award = await laid_open(world, who, level=2)
    world.clock.move(8 * DAY)
    wrongly = ReverseReason.RECORDED_WRONGLY
    await reverse_hours(lead, records=[first], reason=wrongly, key=key())
    with pytest.raises(StarNotReached) as no:
        await award_star(lead, award=award, key=key())
    assert no.value.details == {"level": "2", "missing": "60", "policy": "WH-2016-12"}
    told = await act(
        world,
        lead,
        "declineStar",
        "award { state declined }",
        award=award,
        reason="RECORD_TOO_SHORT",
    )
    assert told["award"] == {"state": "DECLINED", "declined": "RECORD_TOO_SHORT"}


@pytest.mark.anyio
async def test_misconduct_found_meanwhile_closes_the_way(world: World) -> None:
    who, lead = await world.volunteer(), world.staff[Role.DISTRICT_LEAD]
    first, *_ = await served_hours(world, who, 3)
    award = await laid_open(world, who)
    world.clock.move(8 * DAY)
    await misconduct.found(world, [first], blame=Blame.VOLUNTEER)
    with pytest.raises(NotClean) as no:
        await award_star(lead, award=award, key=key())
    today = world.clock.now().date()
    clean = today.replace(year=today.year + 3)
    assert (no.value.day, no.value.clean) == (today, clean)
    # What was taken back counts no more from that day, and the gate says until when it is closed.
    told = [await stars_on(who.person or "", today - n * DAY) for n in (1, 0)]
    assert [(one.progress.minutes, one.clean) for one in told if one] == [(180, None), (120, clean)]
    await decline_star(lead, award=award, reason=StarDeclineReason.MISCONDUCT, key=key())
    assert (await replay.compare(world.settings.database_url)).differing == 0


@pytest.mark.anyio
async def test_a_finding_of_the_recorders_misconduct_closes_nothing_for_the_volunteer(
    world: World,
) -> None:
    who = await world.volunteer()
    first, *_ = await served_hours(world, who, 2)
    award = await laid_open(world, who)
    world.clock.move(8 * DAY)
    await misconduct.found(world, [first], blame=Blame.RECORDER)
    await award_star(world.staff[Role.DISTRICT_LEAD], award=award, key=key())


@pytest.mark.anyio
@pytest.mark.parametrize("restore", [True, False])
async def test_an_appeal_is_another_officers(world: World, restore: bool) -> None:
    who, lead = await world.volunteer(), world.staff[Role.DISTRICT_LEAD]
    await served_hours(world, who, 1)
    award = await awarded(world, who)
    revoked_on = world.clock.now().date()
    await revoke_star(lead, award=award, reason=StarRevokeReason.HOURS_FALSE, key=key())
    world.clock.move(DAY)
    await appeal_star(who, award=award, appeal="工时属实", key=key())
    with pytest.raises(RevokedByYou):
        await rule_on_star_appeal(lead, award=award, restore=restore, key=key())
    world.clock.move(DAY)
    told = await act(
        world,
        await world.officer(Role.DISTRICT_LEAD),
        "decideStarAppeal",
        "award { state revoked decideBy }",
        award=award,
        restore=restore,
    )
    state = "AWARDED" if restore else "REVOKED_FINALLY"
    assert told["award"] == {"state": state, "revoked": "HOURS_FALSE", "decideBy": None}
    stood = [await stars_on(who.person or "", revoked_on + n * DAY) for n in (-1, 0, 1, 2)]
    assert [one.awarded for one in stood if one] == [0, 0, 0, int(restore)]
    assert (await replay.compare(world.settings.database_url)).differing == 0


@pytest.mark.anyio
async def test_revoking_is_on_the_wire_with_its_reason(world: World) -> None:
    who, lead = await world.volunteer(), world.staff[Role.DISTRICT_LEAD]
    await served_hours(world, who, 1)
    award = await awarded(world, who)
    told = await act(
        world, lead, "revokeStar", "award { state revoked }", award=award, reason="MISCONDUCT"
    )
    assert told["award"] == {"state": "REVOKED", "revoked": "MISCONDUCT"}
    again = await act(world, lead, "revokeStar", "award { id }", award=award, reason="MISCONDUCT")
    assert [one["code"] for one in again["userErrors"]] == ["NOT_IN_THIS_STATE"]
