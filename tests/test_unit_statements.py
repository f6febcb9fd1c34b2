"""Unit statements: prepared each quarter, the member first, and nothing sent by silence."""

from datetime import date, timedelta
from typing import Any

import pytest

from tests.membership import member, open_service_post, secretary, serving, switch_off, work_unit
from tests.test_member_reports import entries_of
from tests.volunteering import posted
from tests.wire import act, ask, form
from tests.wishing import listed
from tests.world import World, key
from timebank import entries, replay
from timebank.access import Role
from timebank.actors import PUBLIC, SYSTEM, Actor
from timebank.aliases import AliasPerson
from timebank.batch import Batch
from timebank.erasures import ask_erasure
from timebank.events import Event
from timebank.journal import Answer, write
from timebank.lifecycles import NotInThisState, step
from timebank.member_reports import withdraw_membership
from timebank.notices import Notice, NoticeCode
from timebank.post_claim_life import Evaluation
from timebank.post_claims import complete_post, evaluate_claim
from timebank.post_services import name_service
from timebank.refusals import Forbidden, NotFound, Unauthenticated
from timebank.statement_life import (
    LIFECYCLE,
    StatementLapsed,
    StatementNotDue,
    StatementPrepared,
    StatementRecalled,
    StatementSent,
    StatementState,
    StatementWithheld,
    UnitConsentMissing,
)
from timebank.tables import find, select
from timebank.timers import sweep
from timebank.unit_consents import (
    UnitConsent,
    consent_to_unit,
    end_unit_consent,
    next_statement,
)
from timebank.unit_statements import (
    Statement,
    lapse_statement,
    prepare_statement,
    send_statement,
    statement_behind,
    statement_link,
    statements_of,
    visible_statements,
    withhold_statement,
)
from timebank.units import units_by_id
from timebank.wish_claims import claim_wish
from timebank.wish_granting import contact_resident, fulfil_wish

EVENTS: list[type[Event]] = [
    StatementSent,
    StatementWithheld,
    StatementLapsed,
    StatementRecalled,
]
DAY = timedelta(days=1)
WHOLE: dict[str, Any] = {"after": None, "before": None, "limit": 9, "backward": False}


async def admin_of(world: World, unit: str) -> Actor:
    """The Party admin of a work unit."""
    path = (await units_by_id([unit]))[unit].path
    return await world.officer(Role.UNIT_PARTY_ADMIN, path)


async def consented(world: World) -> tuple[Actor, str]:
    """A member who lets a work unit know, and the unit."""
    who, unit = await member(world), await work_unit(world)
    await consent_to_unit(who, unit=unit, key=key())
    return who, unit


async def new_year(world: World) -> None:
    """On to the second of January, by which the fourth quarter is over, and what is due done."""
    world.clock.move(43 * DAY)
    await sweep()


async def statement_of(who: Actor) -> Statement:
    """The latest statement of a member."""
    (held,) = await statements_of(who, **WHOLE | {"limit": 1})
    return held


def test_every_state_is_reached_and_no_other_step_is_allowed() -> None:
    assert set(LIFECYCLE) == set(StatementState)
    reached = {to for steps in LIFECYCLE.values() for to in steps.values()}
    assert reached | {StatementState.PREPARED} == set(StatementState)
    for state in StatementState:
        for event in EVENTS:
            if event in LIFECYCLE[state]:
                assert step(LIFECYCLE, state, event) in reached
            else:
                with pytest.raises(NotInThisState):
                    step(LIFECYCLE, state, event)


@pytest.mark.parametrize(
    ("day", "months", "on"),
    [
        (date(2026, 11, 20), 3, date(2027, 1, 1)),
        (date(2027, 1, 1), 3, date(2027, 4, 1)),
        (date(2026, 9, 30), 3, date(2026, 10, 1)),
        (date(2026, 11, 20), 6, date(2027, 1, 1)),
        (date(2026, 5, 1), 12, date(2027, 1, 1)),
    ],
)
def test_a_statement_is_of_the_months_of_the_calendar(day: date, months: int, on: date) -> None:
    assert next_statement(day, months) == on


@pytest.mark.anyio
async def test_a_quarter_is_summed_for_its_member_who_sends_it_with_a_word(world: World) -> None:
    who, unit = await consented(world)
    party, post = await secretary(world), await open_service_post(world)
    claim = await serving(world, who, post)
    record = await posted(world, who, minutes=120)
    await name_service(who, claim=claim, record=record, key=key())
    wish = (await claim_wish(who, wish=await listed(world), key=key())).claim
    await contact_resident(who, claim=wish, key=key())
    await fulfil_wish(who, claim=wish, key=key())
    await complete_post(who, claim=claim, key=key())
    said = "每晚都来，很可靠。"
    await evaluate_claim(
        party, claim=claim, evaluation=Evaluation.AS_AGREED, remark=said, key=key()
    )
    with pytest.raises(StatementNotDue):
        await prepare_statement(SYSTEM, member=(await select(UnitConsent))[0].member)
    await new_year(world)
    held = await statement_of(who)
    (minutes,) = {entry.body["minutes"] for entry in await entries_of(world, "statement.prepared")}
    assert minutes == 120
    assert (held.state, held.first_day, held.last_day, held.send_by) == (
        StatementState.PREPARED,
        date(2026, 11, 20),
        date(2026, 12, 31),
        date(2027, 3, 31),
    )
    assert (held.minutes, held.duty_minutes, held.posts, held.wishes) == (120, 0, 1, 1)
    assert [one.code for one in await select(Notice, person=who.id, about=held.id)] == [
        NoticeCode.UNIT_STATEMENT_READY
    ]

    admin, link = await admin_of(world, unit), statement_link(held.id)
    assert await statement_behind(link) is None, "not sent, not there"
    assert await statements_of(admin, unit=unit, **WHOLE) == []
    query = "{ unitStatements { nodes { id remark comment link name } } }"
    (mine,) = (await ask(world, who, query))["unitStatements"]["nodes"]
    assert (mine["remark"], mine["comment"], mine["link"]) == (said, None, None)
    made = await act(
        world,
        who,
        "sendUnitStatement",
        "statement { state link linkUntil }",
        statement=held.id,
        comment="也谢谢邻居们。",
    )
    assert made["statement"] == {"state": "SENT", "link": link, "linkUntil": "2027-04-02"}
    seen = "state minutes dutyMinutes posts wishes remark comment name link"
    by_link = f"query($l: String!) {{ unitStatementByLink(link: $l) {{ {seen} }} }}"
    told = (await ask(world, form(), by_link, l=link))["unitStatementByLink"]
    assert told == {
        "state": "SENT",
        "minutes": 120,
        "dutyMinutes": 0,
        "posts": 1,
        "wishes": 1,
        "remark": said,
        "comment": "也谢谢邻居们。",
        "name": mine["name"],
        "link": None,
    }
    listed_for = f"query($u: ID!) {{ unitStatements(unit: $u) {{ nodes {{ {seen} }} }} }}"
    (for_admin,) = (await ask(world, admin, listed_for, u=unit))["unitStatements"]["nodes"]
    assert for_admin == told
    world.clock.move((date(2027, 4, 2) - date(2027, 1, 2)).days * DAY)
    assert await statement_behind(link) is not None, "the last day is whole"
    world.clock.move(DAY)
    assert await statement_behind(link) is None
    (mine,) = (await ask(world, who, query))["unitStatements"]["nodes"]
    assert mine["link"] is None, "nobody is led to what opens no more"
    assert (await replay.compare(world.settings.database_url)).differing == 0


@pytest.mark.anyio
async def test_silence_sends_nothing_and_the_next_quarter_has_its_own(world: World) -> None:
    who, unit = await consented(world)
    await new_year(world)
    first = await statement_of(who)
    for wrong in (form(), await admin_of(world, unit)):
        with pytest.raises(Forbidden):
            await lapse_statement(wrong, statement=first.id)
        with pytest.raises(Forbidden):
            await prepare_statement(wrong, member=first.member)
    with pytest.raises(StatementNotDue):
        await lapse_statement(SYSTEM, statement=first.id)
    world.clock.move((date(2027, 3, 31) - date(2027, 1, 2)).days * DAY)
    assert {run.name: run.done for run in await sweep()}["statements.unsent"] == 0
    world.clock.move(DAY)
    runs = {run.name: run.done for run in await sweep()}
    assert (runs["statements.due"], runs["statements.unsent"]) == (1, 1)
    found = await statements_of(who, **WHOLE)
    assert [(held.state, held.first_day) for held in found] == [
        (StatementState.PREPARED, date(2027, 1, 1)),
        (StatementState.LAPSED, date(2026, 11, 20)),
    ]
    kept = await act(
        world, who, "withholdUnitStatement", "statement { state }", statement=found[0].id
    )
    assert kept["statement"] == {"state": "WITHHELD"}
    with pytest.raises(NotInThisState):
        await send_statement(who, statement=found[0].id, key=key())


@pytest.mark.anyio
@pytest.mark.parametrize("way", ["consent ended", "report withdrawn"])
async def test_with_the_consent_whatever_the_unit_had_is_gone(world: World, way: str) -> None:
    who, unit = await consented(world)
    await new_year(world)
    sent = await statement_of(who)
    await send_statement(who, statement=sent.id, key=key())
    world.clock.move(90 * DAY)
    await sweep()
    waiting = await statement_of(who)
    assert waiting.state is StatementState.PREPARED
    if way == "consent ended":
        await end_unit_consent(who, key=key())
    else:
        await withdraw_membership(who, key=key())
    assert await statement_behind(statement_link(sent.id)) is None
    assert await statements_of(await admin_of(world, unit), unit=unit, **WHOLE) == []
    states = [held.state for held in await statements_of(who, **WHOLE)]
    assert states == [StatementState.RECALLED] * 2
    assert await find(UnitConsent, sent.member) is None
    with pytest.raises(NotInThisState):
        await send_statement(who, statement=waiting.id, key=key())
    assert (await replay.compare(world.settings.database_url)).differing == 0


@pytest.mark.anyio
async def test_a_statement_is_there_for_its_member_and_then_its_unit_alone(world: World) -> None:
    who, unit = await consented(world)
    await new_year(world)
    held, admin = await statement_of(who), await admin_of(world, unit)
    foreign = await admin_of(world, await work_unit(world))
    others = [await world.officer(r) for r in Role if r is not Role.UNIT_PARTY_ADMIN]
    outsiders = [*others, *world.staff.values(), foreign, await member(world), PUBLIC]
    made = await entries_of(world, "statement.")
    assert who.id.encode() not in b"".join(entry.bytes for entry in made)
    for sent in (False, True):
        if sent:
            await send_statement(who, statement=held.id, key=key())
        for actor in outsiders:
            assert await visible_statements(actor, [held.id]) == {}
            assert await statements_of(actor, unit=unit, **WHOLE) == []
            for entry in await entries_of(world, "statement."):
                assert await entries.entries(actor, [entry.seq]) == {}
            for move in (send_statement, withhold_statement):
                with pytest.raises((NotFound, Unauthenticated)):
                    await move(actor, statement=held.id, key=key())
        assert set(await visible_statements(admin, [held.id])) == ({held.id} if sent else set())
    for link in (held.id, f"{held.id}.", statement_link(held.id)[:-1], "ust_none.00", ""):
        assert await statement_behind(link) is None
    await switch_off(world)
    assert await statement_behind(statement_link(held.id)) is None
    query = "{ unitStatements { nodes { id } } }"
    assert (await ask(world, who, query))["unitStatements"] is None


@pytest.mark.anyio
async def test_of_whoever_was_erased_no_statement_is_sent_nor_prepared(world: World) -> None:
    who, _ = await consented(world)
    await new_year(world)
    held = await statement_of(who)
    await send_statement(who, statement=held.id, comment="再见", key=key())
    await ask_erasure(who, key=key())
    assert await find(AliasPerson, held.member) is None
    assert await statement_behind(statement_link(held.id)) is None
    world.clock.move(90 * DAY)
    await sweep()
    assert await find(UnitConsent, held.member) is None, "the consent ended with the tie"
    assert len(await select(Statement, member=held.member)) == 1


@pytest.mark.anyio
async def test_a_statement_for_another_unit_needs_another_consent(world: World) -> None:
    who, _ = await consented(world)
    await new_year(world)
    held = await statement_of(who)

    def work(batch: Batch) -> Answer:
        # A statement for a unit that the member has no consent for: no command leads here.
        event = StatementPrepared(
            statement="ust_other",
            member=held.member,
            unit="uni_other",
            first_day=held.first_day,
            last_day=held.last_day,
            minutes=0,
            duty_minutes=0,
            posts=0,
            wishes=0,
            send_by=held.send_by,
            next_on=date(2027, 4, 1),
        )
        return Answer(entry=batch.record(event).seq)

    await write(SYSTEM, None, work, answer=Answer)
    with pytest.raises(UnitConsentMissing):
        await send_statement(who, statement="ust_other", key=key())
