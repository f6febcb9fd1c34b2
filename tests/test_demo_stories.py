"""The demonstration's stories: every kind of page has something on it, and the books hold."""

from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from tests.demo_site import SMALL, make_city
from timebank.accounts import conservation
from timebank.bank import open_bank
from timebank.certificate_life import CertificateState
from timebank.certificates import Certificate
from timebank.clock import ManualClock
from timebank.donations import Donation, DonationState
from timebank.help_life import HelpState
from timebank.help_orders import HelpOrder
from timebank.hours import Record
from timebank.objection_life import ObjectionState
from timebank.objections import Objection
from timebank.pool_grants import PoolGrant
from timebank.record_life import CaptureMode
from timebank.replay import compare
from timebank.reward_orders import OrderState, RewardOrder
from timebank.star_award_life import StarState
from timebank.star_awards import StarAward
from timebank.tables import select
from timebank.wish_life import WishState
from timebank.wishes import Wish


@pytest.mark.anyio
async def test_a_small_city_has_something_of_everything(tmp_path: Path) -> None:
    size = msgspec.structs.replace(SMALL, stories=True)
    settings = await make_city(tmp_path, size=size)
    async with open_bank(settings, clock=ManualClock(datetime.now(UTC))):
        assert {one.state for one in await select(StarAward)} == {StarState.AWARDED}
        assert {one.state for one in await select(Certificate)} == {CertificateState.ISSUED}
        assert {one.state for one in await select(Donation)} == {DonationState.SETTLED}
        assert {one.state for one in await select(Objection)} == {ObjectionState.RAISED}
        orders = {one.state for one in await select(HelpOrder)}
        assert orders >= {HelpState.SETTLED, HelpState.DELIVERED, HelpState.RESERVED}
        wishes = {one.state for one in await select(Wish)}
        assert wishes >= {WishState.COLLECTED, WishState.PUBLISHED, WishState.CLOSED}
        taken = await select(RewardOrder)
        assert {one.state for one in taken if not one.minutes} == {
            OrderState.READY,
            OrderState.HANDED_OVER,
        }
        assert await select(PoolGrant)
        assert any(one.mode is CaptureMode.EXTERNAL for one in await select(Record))
        assert (await conservation()).whole
    assert (await compare(settings.database_url)).differing == 0
