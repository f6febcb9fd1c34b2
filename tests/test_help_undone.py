"""Help undone: what was paid for a record that a finding took back is paid again after a review."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.credit import fill_pool
from tests.disputes import decided, objected, objection_of
from tests.helping import HOUR, MINUTE, Street, open_street
from tests.misconduct import found, second_lead
from tests.volunteering import confirmed, record_of, spend
from tests.world import key
from timebank import accounts, replay
from timebank.access import Role
from timebank.accounts import NotEnoughTime
from timebank.actors import Actor
from timebank.confirmations import accept_hours, confirm_hours, reject_hours
from timebank.finding_appeals import appeal_finding, review_finding
from timebank.finding_life import AppealGrounds, Blame
from timebank.help_disputes import dispute_help, rule_on_help
from timebank.help_life import (
    HelpDisputeReason,
    HelpKind,
    HelpPaidAgain,
    HelpPartlyPaidAgain,
    HelpState,
)
from timebank.help_orders import HelpOrder, HelpWeek, week_key
from timebank.help_undone import decide_pay_again
from timebank.hours import Record, ServiceTotal
from timebank.lifecycles import NotInThisState
from timebank.living_alone import note_living_alone
from timebank.objection_life import Grounds, ObjectionState
from timebank.objections import Disputed, ask_for_review
from timebank.pool_grants import grant_from_pool
from timebank.record_life import LateReason, RecordState, RejectReason
from timebank.reversals import repudiate_hours
from timebank.rulings import rule_on
from timebank.settlements import confirm_help, deliver_help
from timebank.tables import find

SHOWN = AppealGrounds.SERVICE_SHOWN
STARTS = datetime(2026, 11, 2, 2, tzinfo=UTC)
ORDER: dict[str, Any] = {
    "id": "hlp_1",
    "payer": "per_2",
    "served": "per_2",
    "station": "sta_1",
    "path": "1/2/3/4/sta_1/",
    "street": "1/2/3",
    "kind": HelpKind.MEALS,
    "starts": STARTS,
    "minutes": 60,
    "at_home": False,
    "state": HelpState.RELEASED,
    "requested_at": STARTS,
    "waits_since": STARTS,
    "helper": "per_1",
    "served_minutes": 60,
    "undone_minutes": 60,
    "undone_own": 60,
}


@pytest.fixture
async def street(database_url: str, tmp_path: Path) -> AsyncIterator[Street]:
    async with open_street(database_url, tmp_path) as made:
        yield made


@pytest.fixture
async def one_street(sqlite_url: str, tmp_path: Path) -> AsyncIterator[Street]:
    async with open_street(sqlite_url, tmp_path) as made:
        yield made


async def appealed(street: Street, order: str) -> str:
    """The helper's appeal against a finding on the record of an order."""
    record = (await street.at(order)).record or ""
    made = await found(street.world, [record], blame=Blame.VOLUNTEER)
    told = await appeal_finding(street.helper, finding=made.finding, words="我去过", key=key())
    return told.appeal


async def shown(street: Street, appeal: str) -> None:
    """Let another officer find that the service was shown."""
    officer = await second_lead(street.world)
    await review_finding(officer, appeal=appeal, grounds=SHOWN, decision="已核实", key=key())


async def earned(street: Street) -> int:
    """What the helper may give on to kin, as far as it is there."""
    total = await find(ServiceTotal, street.helper.id)
    return total.credited if total else 0


async def whole(street: Street) -> bool:
    """Whether the books are whole and replay gives the same."""
    told = await replay.compare(street.world.settings.database_url)
    return (await accounts.conservation()).whole and told.differing == 0


@pytest.mark.parametrize(
    ("order", "held", "told"),
    [
        ({}, {}, {"balance": 60, "owed": 0, "granted": 0, "repaid": 0}),
        ({}, {"payer_minutes": 20}, {"balance": 20, "owed": 40}),
        ({}, {"debt": 45}, {"repaid": 45}),
        ({}, {"debt": 90}, {"repaid": 60}),
        ({"undone_own": 25}, {"pool_minutes": 35}, {"balance": 25, "granted": 35}),
    ],
)
def test_the_payer_pays_again_and_owes_what_is_spent(
    order: dict[str, int], held: dict[str, int], told: dict[str, int]
) -> None:
    asked = {"debt": 0, "payer_minutes": 600, "pool_minutes": 0, "minutes": 60} | held
    made = decide_pay_again(HelpOrder(**ORDER | order), area="420102", **asked)
    assert {name: getattr(made, name) for name in told} == told
    assert sum(minutes for _, _, minutes in made.postings()) == 0
    assert made.minutes == 60


def test_a_payment_in_part_is_paid_again_in_part_and_no_other_is() -> None:
    asked: dict[str, Any] = {"area": "4", "debt": 0, "payer_minutes": 600, "pool_minutes": 0}
    asked["minutes"] = 60
    part = decide_pay_again(HelpOrder(**ORDER | {"served_minutes": 90}), **asked)
    assert isinstance(part, HelpPartlyPaidAgain)
    assert isinstance(decide_pay_again(HelpOrder(**ORDER), **asked), HelpPaidAgain)
    with pytest.raises(NotInThisState):
        decide_pay_again(HelpOrder(**ORDER | {"state": HelpState.SETTLED}), **asked)
    with pytest.raises(NotEnoughTime):
        decide_pay_again(HelpOrder(**ORDER | {"undone_own": 59}), **asked)


@pytest.mark.anyio
async def test_who_was_found_innocent_is_paid_and_whoever_spent_it_owes_it(street: Street) -> None:
    order = await street.delivered()
    await confirm_help(street.elder, order=order, key=key())
    await spend(street.world, street.helper.id, 45)
    appeal = await appealed(street, order)
    assert await street.state(order) is HelpState.RELEASED
    assert await street.minutes(street.elder) == 600
    assert await accounts.balance_of(accounts.owed(street.helper.id)) == -45
    assert await earned(street) == 0
    await spend(street.world, street.elder.id, 590)

    await shown(street, appeal)

    held = await street.at(order)
    assert (held.state, held.paid_minutes, held.undone_minutes) == (HelpState.SETTLED, 60, 0)
    assert (await street.minutes(street.helper), await earned(street)) == (15, 60)
    assert await accounts.balance_of(accounts.owed(street.helper.id)) == 0
    assert await street.minutes(street.elder) == 0
    assert await accounts.balance_of(accounts.owed(street.elder.id)) == -50
    week = await find(HelpWeek, week_key(street.elder.id, held.starts.date()))
    assert week
    assert week.minutes == 60
    assert await whole(street)


@pytest.mark.anyio
async def test_what_a_dispute_left_of_a_payment_comes_back_and_no_more(one_street: Street) -> None:
    street = one_street
    order = await street.delivered()
    reason = HelpDisputeReason.SHORTER
    await dispute_help(street.elder, order=order, reason=reason, key=key())
    await rule_on_help(street.manager, order=order, minutes=30, key=key())
    await accept_hours(street.helper, records=[(await street.at(order)).record or ""], key=key())
    await shown(street, await appealed(street, order))
    held = await street.at(order)
    assert (held.state, held.paid_minutes) == (HelpState.PARTIAL, 30)
    assert (await street.minutes(street.helper), await street.minutes(street.elder)) == (30, 570)
    assert await whole(street)


@pytest.mark.anyio
async def test_a_pool_that_had_granted_it_pays_again_once_it_can(one_street: Street) -> None:
    street = one_street
    area, station = "420102", street.world.station
    await fill_pool(area, station, 1_000)
    await note_living_alone(street.clerk, person=street.elder.id, alone=True, key=key())
    lead = await street.world.officer(Role.CITY_LEAD)
    await grant_from_pool(lead, area=area, key=key())
    order = await street.delivered(minutes=60)
    await confirm_help(street.elder, order=order, key=key())
    appeal = await appealed(street, order)
    pool = accounts.pool(area)
    left = await accounts.balance_of(pool)
    await fill_pool(area, station, 59 - left)

    with pytest.raises(NotEnoughTime):
        await shown(street, appeal)
    assert await street.state(order) is HelpState.RELEASED
    await fill_pool(area, station, left - 59)
    await shown(street, appeal)
    assert (await street.minutes(street.helper), await street.minutes(street.elder)) == (60, 600)
    assert await accounts.balance_of(pool) == left - 60
    assert await whole(street)


@pytest.mark.anyio
@pytest.mark.parametrize("corrected", [0, 45])
async def test_a_review_that_dismisses_an_upheld_objection_pays_the_helper_again(
    street: Street, corrected: int
) -> None:
    order = await street.delivered()
    await confirm_help(street.elder, order=order, key=key())
    record = await record_of((await street.at(order)).record or "")
    objection = await objected(street.world, street.elder, record.id)
    made = await ruled(street, objection, record, corrected)
    if made.corrected:
        await confirmed(street.world, [made.corrected])
        waiting = await ruled_again(street, objection)
        assert waiting == NotInThisState.code
        await accept_hours(street.helper, records=[made.corrected], key=key())
    assert (await street.at(order)).paid_minutes == corrected

    assert await ruled_again(street, objection) is None

    held = await street.at(order)
    assert (held.state, held.paid_minutes, held.undone_minutes) == (HelpState.SETTLED, 60, 0)
    assert (await street.minutes(street.helper), await street.minutes(street.elder)) == (60, 540)
    if made.corrected:
        assert (await record_of(made.corrected)).state is RecordState.REVERSED
    again = await record_of((await objection_of(objection)).corrected or "")
    assert (again.starts, again.ends, again.state) == (
        record.starts,
        record.ends,
        RecordState.CAPTURED,
    )
    assert await whole(street)


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("first", "then", "state"),
    [
        (0, 45, HelpState.PARTIAL),
        (45, 30, HelpState.PARTIAL),
        (30, 45, HelpState.PARTIAL),
        (45, 0, HelpState.RELEASED),
    ],
)
async def test_a_review_that_finds_other_minutes_pays_those(
    one_street: Street, first: int, then: int, state: HelpState
) -> None:
    street = one_street
    order = await street.delivered()
    await confirm_help(street.elder, order=order, key=key())
    record = await record_of((await street.at(order)).record or "")
    objection = await objected(street.world, street.elder, record.id)
    made = await ruled(street, objection, record, first)
    await ask_for_review(street.helper, objection=objection, appeal="请复核", key=key())
    other = await second_lead(street.world)
    await ruled(street, objection, record, then, by=other)
    held = await street.at(order)
    assert (held.state, held.paid_minutes) == (state, then)
    assert await street.minutes(street.helper) == then
    assert await street.minutes(street.elder) == 600 - then
    if made.corrected:
        assert (await record_of(made.corrected)).state is RecordState.REJECTED
    assert await whole(street)


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("then", "paid", "state"),
    [
        ("rejected", 0, HelpState.RELEASED),
        ("disowned", 0, HelpState.RELEASED),
        ("voided", 0, HelpState.RELEASED),
        ("objected to", 20, HelpState.PARTIAL),
        ("confirmed in part", 30, HelpState.PARTIAL),
        ("confirmed", 45, HelpState.PARTIAL),
    ],
)
async def test_what_was_recorded_instead_is_paid_as_far_as_it_stands(
    one_street: Street, then: str, paid: int, state: HelpState
) -> None:
    street = one_street
    order = await street.delivered()
    await confirm_help(street.elder, order=order, key=key())
    record = await record_of((await street.at(order)).record or "")
    objection = await objected(street.world, street.elder, record.id)
    other = await second_lead(street.world)
    made = (await ruled(street, objection, record, 45, by=other)).corrected or ""
    await change(street, made, then)

    held = await street.at(order)
    assert (held.state, held.paid_minutes) == (state, paid)
    assert (await street.minutes(street.helper), await street.minutes(street.elder)) == (
        paid,
        600 - paid,
    )
    if then in ("rejected", "voided", "objected to"):
        assert (await ruled_again(street, objection)) is None
        held = await street.at(order)
        assert (held.state, held.paid_minutes, held.undone_own) == (HelpState.SETTLED, 60, 0)
    assert await whole(street)


async def change(street: Street, record: str, then: str) -> None:
    """What becomes of a record that was made instead of one of help."""
    if then == "rejected":
        reason = RejectReason.NOT_ATTENDED
        await reject_hours(street.manager, records=[record], reason=reason, key=key())
        return
    minutes = 30 if then == "confirmed in part" else None
    await confirm_hours(street.manager, records=[record], minutes=minutes, key=key())
    if then == "disowned":
        await repudiate_hours(street.helper, records=[record], key=key())
        return
    await accept_hours(street.helper, records=[record], key=key())
    if then == "voided":
        await found(street.world, [record], blame=Blame.RECORDER)
    elif then == "objected to":
        again = await objected(street.world, street.elder, record)
        made = await ruled(street, again, await record_of(record), 20)
        assert made.corrected


@pytest.mark.anyio
async def test_help_that_a_second_reviewer_rejects_is_not_paid(one_street: Street) -> None:
    street = one_street
    order = await street.matched(starts_in=24 * HOUR)
    street.world.clock.move(timedelta(days=6))
    late = LateReason.SYSTEM_DOWN
    await deliver_help(street.helper, order=order, minutes=60, late=late, key=key())
    await confirm_help(street.elder, order=order, key=key())
    assert await street.minutes(street.helper) == 60
    officer = street.world.staff[Role.STREET_OFFICER]
    record = (await street.at(order)).record or ""
    reason = RejectReason.NOT_ATTENDED
    await reject_hours(officer, records=[record], reason=reason, key=key())
    assert await street.state(order) is HelpState.RELEASED
    assert (await street.minutes(street.helper), await street.minutes(street.elder)) == (0, 600)
    assert await whole(street)


@pytest.mark.anyio
async def test_a_corrected_record_that_comes_back_is_paid_what_it_was(one_street: Street) -> None:
    street = one_street
    order = await street.delivered()
    await confirm_help(street.elder, order=order, key=key())
    record = await record_of((await street.at(order)).record or "")
    objection = await objected(street.world, street.elder, record.id)
    other = await second_lead(street.world)
    made = (await ruled(street, objection, record, 45, by=other)).corrected or ""
    await confirmed(street.world, [made])
    await accept_hours(street.helper, records=[made], key=key())
    finding = await found(street.world, [made], blame=Blame.VOLUNTEER)
    told = await appeal_finding(street.helper, finding=finding.finding, words="我去过", key=key())
    assert (await street.at(order)).paid_minutes == 0
    await shown(street, told.appeal)
    held = await street.at(order)
    assert (held.state, held.paid_minutes, held.undone_minutes) == (HelpState.PARTIAL, 45, 15)
    assert (await street.minutes(street.helper), await street.minutes(street.elder)) == (45, 555)
    assert await whole(street)


async def ruled(
    street: Street, objection: str, record: Record, minutes: int, by: Actor | None = None
) -> Disputed:
    """An objection upheld: it never happened, or had so many minutes."""
    told: dict[str, Any] = {"grounds": Grounds.NEVER_HAPPENED}
    if minutes:
        ends = record.starts + minutes * MINUTE
        told = {"grounds": Grounds.RECORDED_WRONGLY, "starts": record.starts, "ends": ends}
    lead = by or street.world.staff[Role.DISTRICT_LEAD]
    return await rule_on(lead, objection=objection, decision="已核实", key=key(), **told)


async def ruled_again(street: Street, objection: str) -> str | None:
    """The review of an upheld objection, asked for once, dismisses it; the code if refused."""
    held = await objection_of(objection)
    if held.state is not ObjectionState.IN_REVIEW:
        await ask_for_review(street.helper, objection=objection, appeal="我做满了", key=key())
    try:
        await decided(
            street.world, objection, Grounds.RECORDED_RIGHTLY, by=await second_lead(street.world)
        )
    except NotInThisState as no:
        return no.code
    return None
