"""The demonstration's stories: every kind of page has something on it, and the books hold."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from tests.conftest import SIZE
from tests.demo_site import YEAR, make_city
from timebank.accounts import conservation
from timebank.annual_report_life import AnnualReportState
from timebank.annual_reports import AnnualReport
from timebank.appointment_life import AppointmentState
from timebank.appointments import Appointment
from timebank.bank import open_bank
from timebank.certificate_life import CertificateState
from timebank.certificates import Certificate
from timebank.clock import ManualClock, day_of, instant
from timebank.donations import Donation, DonationState
from timebank.funding.commitments import Commitment
from timebank.funding.funded_hours import minutes_of
from timebank.funding.grant_life import FundGrantState
from timebank.funding.grants import Grant
from timebank.funding.project_life import ProjectState
from timebank.funding.projects import Project
from timebank.help_life import HelpState
from timebank.help_orders import HelpOrder
from timebank.hours import Record
from timebank.member_life import ReportState
from timebank.member_reports import MemberReport
from timebank.objection_life import ObjectionState
from timebank.objections import Objection
from timebank.pool_grants import PoolGrant
from timebank.post_claim_life import ClaimState
from timebank.post_claims import PostClaim
from timebank.record_life import CaptureMode
from timebank.replay import compare
from timebank.reward_orders import OrderState, RewardOrder
from timebank.star_award_life import StarState
from timebank.star_awards import StarAward
from timebank.statement_life import StatementState
from timebank.tables import select
from timebank.unit_statements import Statement
from timebank.wish_life import WishState
from timebank.wishes import Wish

LAST = [day_of(datetime.now(UTC)) - timedelta(days=ago) for ago in range(7)]
THURSDAY = 3
"""Where what is laid open for a week had the fewest days before the next thing was told."""


@pytest.mark.anyio
@pytest.mark.parametrize(
    "today", [day for day in LAST if SIZE == "full" or day.weekday() == THURSDAY], ids=str
)
async def test_a_small_city_has_something_of_everything(tmp_path: Path, today: date) -> None:
    """On whatever weekday it is made: what is due comes at other times of a week each day."""
    settings = await make_city(tmp_path, size=YEAR, today=today)
    async with open_bank(settings, clock=ManualClock(instant(today, 1))):
        assert {one.state for one in await select(StarAward)} == {StarState.AWARDED}
        assert {one.state for one in await select(Certificate)} == {CertificateState.ISSUED}
        assert {one.state for one in await select(Donation)} == {DonationState.SETTLED}
        assert {one.state for one in await select(Objection)} == {ObjectionState.RAISED}
        orders = {one.state for one in await select(HelpOrder)}
        assert orders >= {HelpState.SETTLED, HelpState.DELIVERED, HelpState.RESERVED}
        wishes = {one.state for one in await select(Wish)}
        assert wishes >= {WishState.COLLECTED, WishState.PUBLISHED, WishState.CLOSED}
        assert wishes >= {WishState.REFERRED, WishState.COMMUNITY, WishState.APPROVED}
        assert any(one.round > 1 for one in await select(Wish, state=WishState.PUBLISHED.value))
        reports = {one.state for one in await select(MemberReport)}
        assert reports == {ReportState.SUBMITTED, ReportState.RECEIVED, ReportState.RECONFIRMED}
        assert {one.state for one in await select(PostClaim)} == {
            ClaimState.CLAIMED,
            ClaimState.SERVING,
            ClaimState.COMPLETED,
            ClaimState.EVALUATED,
        }
        statements = await select(Statement)
        assert {one.state for one in statements} >= {StatementState.PREPARED, StatementState.SENT}
        assert all(one.posts for one in statements)
        assert any(one.minutes for one in statements)
        offices = {one.state for one in await select(Appointment)}
        assert offices == {AppointmentState.TOLD, AppointmentState.SERVING}
        taken = await select(RewardOrder)
        assert {one.state for one in taken if not one.minutes} == {
            OrderState.READY,
            OrderState.HANDED_OVER,
        }
        assert await select(PoolGrant)
        grants = {one.state for one in await select(Grant)}
        assert grants == {
            FundGrantState.DRAFT,
            FundGrantState.FORMAL_OK,
            FundGrantState.MIDTERM_PASS,
            FundGrantState.MIDTERM_FIX,
        }
        assert {one.state for one in await select(Project)} == {
            ProjectState.PROPOSED,
            ProjectState.DISCUSSED,
            ProjectState.PAID,
        }
        yearly = await select(AnnualReport)
        assert {one.state for one in yearly if one.version} <= {
            AnnualReportState.ACCEPTED,
            AnnualReportState.RETURNED,
            AnnualReportState.SUBMITTED,
        }
        # A year that began in January has no year before it to report on.
        assert len(yearly) in (0, 4)
        promised = await select(Commitment)
        assert len(promised) == 3
        assert all(one.paid and one.spent for one in promised)
        assert any((await minutes_of([one.id for one in promised])).values())
        assert any(one.mode is CaptureMode.EXTERNAL for one in await select(Record))
        assert (await conservation()).whole
    assert (await compare(settings.database_url)).differing == 0
