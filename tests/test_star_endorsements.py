"""Star endorsements: five stars go through an organisation, and nobody speaks for themselves."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.organising import entered, organisation_of, registrar
from tests.starring import DAY, HOURLY, award_of, served_hours
from tests.wire import act, ask
from tests.world import World, key, open_world
from timebank import replay
from timebank.access import Role
from timebank.actors import PUBLIC, Actor
from timebank.held_stars import Stars, star_of
from timebank.lifecycles import NotInThisState
from timebank.notices import NoticeCode, inbox_of, open_inbox
from timebank.organisation_endings import list_abnormal
from timebank.organisation_life import AbnormalReason
from timebank.organisations import OrganisationNotActive
from timebank.refusals import NotFound, Unauthenticated
from timebank.representatives import appoint_representative
from timebank.star_award_life import StarDeclineReason, StarState
from timebank.star_awards import FiveStarsNeedOrganisation, apply_for_star
from timebank.star_endorsements import EndorsesOwnStar, decline_to_endorse, endorse_star
from timebank.star_rulings import NotEndorsed, award_star, publicise_star
from timebank.tables import find


class Five:
    """Somebody whose record reaches five stars, and an organisation whose leader is another."""

    def __init__(self, world: World, who: Actor, leader: Actor, organisation: str) -> None:
        self.world, self.who, self.leader, self.organisation = world, who, leader, organisation
        self.city = world.staff[Role.CITY_LEAD]

    async def code(self) -> str:
        """The organisation's unified social credit code."""
        return (await organisation_of(self.organisation)).code or ""

    async def applied(self) -> str:
        """An application that names the organisation."""
        made = await apply_for_star(self.who, level=5, credit_code=await self.code(), key=key())
        return made.award


@pytest.fixture
async def five(sqlite_url: str, tmp_path: Path) -> AsyncIterator[Five]:
    async with open_world(sqlite_url, tmp_path, policy=HOURLY) as world:
        world.staff[Role.CITY_LEAD] = await world.officer(Role.CITY_LEAD)
        who, leader = await world.volunteer(), await world.volunteer()
        organisation = await entered(world, leader)
        await served_hours(world, who, 5)
        yield Five(world, who, leader, organisation)


@pytest.mark.anyio
async def test_five_stars_wait_for_the_organisation_and_then_go_their_way(five: Five) -> None:
    world = five.world
    for person in (five.who, five.leader):
        await open_inbox(person)
    with pytest.raises(FiveStarsNeedOrganisation):
        await apply_for_star(five.who, level=5, key=key())
    code = (await five.code()).lower()
    told = await act(
        world,
        five.who,
        "applyForStar",
        "award { id state organisation { id } }",
        level=5,
        creditCode=f" {code[:9]} {code[9:]}",
    )
    award = told["award"].pop("id")
    assert told["award"] == {"state": "APPLIED", "organisation": {"id": five.organisation}}
    assert [one.code for one in await inbox_of(five.leader)] == [NoticeCode.STAR_TO_ENDORSE]
    with pytest.raises(NotEndorsed):
        await publicise_star(five.city, award=award, key=key())

    waiting = "query($o: ID!) { starsToEndorse(organisation: $o) { nodes { id level number } } }"
    seen = await ask(world, five.leader, waiting, o=five.organisation)
    number = await world.number_of(five.who)
    assert seen["starsToEndorse"]["nodes"] == [{"id": award, "level": 5, "number": number}]
    for other in (five.who, five.city, PUBLIC):
        told = await ask(world, other, waiting, o=five.organisation)
        assert told["starsToEndorse"]["nodes"] == []

    told = await act(world, five.leader, "endorseStar", "award { state }", award=award)
    assert told["award"] == {"state": "ENDORSED"}
    assert [one.code for one in await inbox_of(five.who)][:1] == [NoticeCode.STAR_ENDORSED]
    seen = await ask(world, five.leader, waiting, o=five.organisation)
    assert seen["starsToEndorse"]["nodes"] == []
    await publicise_star(five.city, award=award, key=key())
    world.clock.move(8 * DAY)
    await award_star(five.city, award=award, key=key())
    assert star_of(await find(Stars, five.who.id), 300) == 5
    assert (await replay.compare(world.settings.database_url)).differing == 0


@pytest.mark.anyio
async def test_an_organisation_may_decline_and_takes_back_nothing(five: Five) -> None:
    award = await five.applied()
    told = await act(five.world, five.leader, "declineToEndorse", "award { declined }", award=award)
    assert told["award"] == {"declined": "NOT_ENDORSED"}
    assert (await award_of(award)).declined is StarDeclineReason.NOT_ENDORSED
    again = await five.applied()
    await endorse_star(five.leader, award=again, key=key())
    with pytest.raises(NotInThisState):
        await decline_to_endorse(five.leader, award=again, key=key())
    with pytest.raises(NotInThisState):
        await endorse_star(five.leader, award=again, key=key())
    assert (await award_of(again)).state is StarState.ENDORSED


@pytest.mark.anyio
async def test_only_who_stands_for_it_endorses_and_nobody_their_own(five: Five) -> None:
    world, award = five.world, await five.applied()
    other = await world.volunteer()
    elsewhere = await entered(world, other)
    assert elsewhere != five.organisation
    for actor in (other, five.city, five.who):
        for act_on in (endorse_star, decline_to_endorse):
            with pytest.raises(NotFound):
                await act_on(actor, award=award, key=key())
    with pytest.raises(Unauthenticated):
        await endorse_star(PUBLIC, award=award, key=key())
    await appoint_representative(
        five.leader,
        organisation=five.organisation,
        number=await world.number_of(five.who),
        role=Role.ORGANISATION_REPRESENTATIVE,
        key=key(),
    )
    for act_on in (endorse_star, decline_to_endorse):
        with pytest.raises(EndorsesOwnStar):
            await act_on(five.who, award=award, key=key())


@pytest.mark.anyio
async def test_an_organisation_that_is_gone_is_not_asked_and_endorses_nothing(five: Five) -> None:
    world, code = five.world, await five.code()
    with pytest.raises(NotFound):
        await apply_for_star(five.who, level=5, credit_code="51420100MJH000019R", key=key())
    award = await five.applied()
    reason = AbnormalReason.REPORT_MISSING
    await list_abnormal(registrar(world), organisation=five.organisation, reason=reason, key=key())
    with pytest.raises(OrganisationNotActive):
        await endorse_star(five.leader, award=award, key=key())
    later = await world.volunteer()
    await served_hours(world, later, 5)
    with pytest.raises(OrganisationNotActive):
        await apply_for_star(later, level=5, credit_code=code, key=key())
    await decline_to_endorse(five.leader, award=award, key=key())
