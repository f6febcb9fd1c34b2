"""Help disputes: raised before help is confirmed, decided by a third hand, and help undone."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.disputes import objected
from tests.helping import MINUTE, Street, open_street
from tests.volunteering import record_of, spend
from tests.wire import act
from tests.world import key
from timebank import accounts, replay
from timebank.access import Role
from timebank.actors import PUBLIC, SYSTEM
from timebank.confirmations import accept_hours
from timebank.help_disputes import (
    DecidedMinutesWrong,
    DeciderInvolved,
    dispute_help,
    rule_on_help,
)
from timebank.help_life import HelpDisputeReason, HelpState
from timebank.hours import ServiceTotal
from timebank.lifecycles import NotInThisState
from timebank.objection_life import Grounds
from timebank.record_life import RecordState, ReverseReason
from timebank.refusals import NotFound, Unauthenticated
from timebank.reversals import repudiate_hours, reverse_hours
from timebank.rulings import rule_on
from timebank.settlements import confirm_help, settle_silent
from timebank.tables import find

SHORTER = HelpDisputeReason.SHORTER


@pytest.fixture
async def street(database_url: str, tmp_path: Path) -> AsyncIterator[Street]:
    async with open_street(database_url, tmp_path) as made:
        yield made


async def disputed(street: Street) -> str:
    """An order of 60 minutes that the elder disputes."""
    order = await street.delivered()
    await dispute_help(street.elder, order=order, reason=SHORTER, key=key())
    return order


async def whole(street: Street) -> bool:
    """Whether the books are whole and replay gives the same."""
    found = await replay.compare(street.world.settings.database_url)
    return (await accounts.conservation()).whole and found.differing == 0


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("minutes", "state", "record"),
    [
        (60, HelpState.SETTLED, RecordState.POSTED),
        (25, HelpState.PARTIAL, RecordState.CONFIRMED),
        (0, HelpState.RELEASED, RecordState.REJECTED),
    ],
)
async def test_a_dispute_settles_all_some_or_none(
    street: Street, minutes: int, state: HelpState, record: RecordState
) -> None:
    order = await disputed(street)
    told = await rule_on_help(street.manager, order=order, minutes=minutes, key=key())

    held = await street.at(order)
    assert (told.minutes, held.state, held.paid_minutes) == (minutes, state, minutes)
    assert await street.minutes(street.helper) == minutes
    assert await street.minutes(street.elder) == 600 - minutes
    assert await street.escrow(order) == 0
    made = await record_of(held.record or "")
    assert made.state is record
    if record is RecordState.CONFIRMED:
        await accept_hours(street.helper, records=[made.id], key=key())
    total = await find(ServiceTotal, street.helper.id)
    assert (total.minutes if total else 0, total.credited if total else 0) == (minutes, minutes)
    assert await whole(street)
    with pytest.raises(NotInThisState):
        await rule_on_help(street.manager, order=order, minutes=0, key=key())


@pytest.mark.anyio
async def test_nobody_who_has_a_part_decides_and_no_more_than_was_reported(
    street: Street,
) -> None:
    order = await street.delivered()
    with pytest.raises(NotInThisState):
        await rule_on_help(street.manager, order=order, minutes=0, key=key())
    await dispute_help(street.clerk, order=order, reason=SHORTER, key=key())
    for who in (street.clerk, street.elder, street.helper, street.other):
        with pytest.raises(NotFound):
            await rule_on_help(who, order=order, minutes=0, key=key())
    with pytest.raises(Unauthenticated):
        await rule_on_help(PUBLIC, order=order, minutes=0, key=key())
    for minutes in (61, -1):
        with pytest.raises(DecidedMinutesWrong):
            await rule_on_help(street.manager, order=order, minutes=minutes, key=key())
    await rule_on_help(street.world.staff[Role.DISTRICT_LEAD], order=order, minutes=1, key=key())
    mine = await street.delivered()
    await dispute_help(street.manager, order=mine, reason=SHORTER, key=key())
    with pytest.raises(DeciderInvolved):
        await rule_on_help(street.manager, order=mine, minutes=0, key=key())


@pytest.mark.anyio
async def test_who_may_dispute_and_until_when(street: Street) -> None:
    order = await street.delivered()
    for who in (street.helper, street.other):
        with pytest.raises(NotFound):
            await dispute_help(who, order=order, reason=SHORTER, key=key())
    with pytest.raises(Unauthenticated):
        await dispute_help(PUBLIC, order=order, reason=SHORTER, key=key())
    told = await act(
        street.world, street.elder, "disputeHelp", "order { state }", order=order, reason="HARM"
    )
    assert told["order"]["state"] == "DISPUTED"
    for refused in (
        confirm_help(street.elder, order=order, key=key()),
        settle_silent(SYSTEM, order=order),
        dispute_help(street.elder, order=order, reason=SHORTER, key=key()),
    ):
        with pytest.raises(NotInThisState):
            await refused
    told = await act(
        street.world,
        street.manager,
        "decideHelp",
        "order { state paidMinutes }",
        order=order,
        minutes=30,
    )
    assert told["order"] == {"state": "PARTIAL", "paidMinutes": 30}
    settled = await street.delivered()
    await confirm_help(street.elder, order=settled, key=key())
    with pytest.raises(NotInThisState):
        await dispute_help(street.elder, order=settled, reason=SHORTER, key=key())


# Help undone


@pytest.mark.anyio
async def test_a_helper_who_says_not_me_is_paid_nothing(street: Street) -> None:
    order = await street.delivered()
    record = (await street.at(order)).record or ""
    await repudiate_hours(street.helper, records=[record], key=key())
    assert await street.state(order) is HelpState.DISPUTED
    with pytest.raises(DecidedMinutesWrong) as no:
        await rule_on_help(street.manager, order=order, minutes=60, key=key())
    assert no.value.details == {"most": "0"}
    await rule_on_help(street.manager, order=order, minutes=0, key=key())
    assert await street.minutes(street.elder) == 600
    assert await whole(street)


@pytest.mark.anyio
@pytest.mark.parametrize("spent", [0, 45])
async def test_what_was_paid_for_a_record_that_is_undone_goes_back_and_the_rest_is_owed(
    street: Street, spent: int
) -> None:
    order = await street.delivered()
    await confirm_help(street.elder, order=order, key=key())
    if spent:
        await spend(street.world, street.helper.id, spent)
    lead = street.world.staff[Role.DISTRICT_LEAD]
    record = (await street.at(order)).record or ""
    await reverse_hours(lead, records=[record], reason=ReverseReason.NEVER_HAPPENED, key=key())
    assert await street.state(order) is HelpState.RELEASED
    assert await street.minutes(street.elder) == 600
    assert await street.minutes(street.helper) == 0
    assert await accounts.balance_of(accounts.owed(street.helper.id)) == -spent
    assert await whole(street)


@pytest.mark.anyio
async def test_a_paid_helper_who_says_not_me_gives_it_back(street: Street) -> None:
    order = await street.delivered()
    await confirm_help(street.elder, order=order, key=key())
    record = (await street.at(order)).record or ""
    await repudiate_hours(street.helper, records=[record], key=key())
    assert await street.state(order) is HelpState.RELEASED
    assert await street.minutes(street.elder) == 600
    assert await street.minutes(street.helper) == 0


@pytest.mark.anyio
@pytest.mark.parametrize(("corrected", "state"), [(45, HelpState.PARTIAL), (0, HelpState.RELEASED)])
async def test_an_objection_that_is_upheld_cuts_the_payment_to_what_is_recorded_instead(
    street: Street, corrected: int, state: HelpState
) -> None:
    order = await street.delivered()
    await confirm_help(street.elder, order=order, key=key())
    record = await record_of((await street.at(order)).record or "")
    objection = await objected(street.world, street.elder, record.id)
    await rule_on(
        street.world.staff[Role.DISTRICT_LEAD],
        objection=objection,
        grounds=Grounds.RECORDED_WRONGLY,
        decision="少了一刻钟",
        starts=record.starts if corrected else None,
        ends=record.starts + corrected * MINUTE if corrected else None,
        key=key(),
    )
    held = await street.at(order)
    assert (held.state, held.paid_minutes) == (state, corrected)
    assert await street.minutes(street.helper) == corrected
    assert await street.minutes(street.elder) == 600 - corrected
    assert await whole(street)
