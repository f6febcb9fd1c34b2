"""Pages of rewards at a station: orders made ready and handed over by code, and what is offered."""

from functools import partial
from typing import Any

from web.forms import Form, Posted
from web.pages.stations import at_station, station_page

REWARDS = "/desk/rewards"
reward_form = partial(Form, page=REWARDS, then=lambda posted: posted.done(REWARDS))


def offered(posted: Posted) -> dict[str, Any]:
    """A reward as it is offered; what is left out sets no limit."""
    return {
        "station": posted.one("station"),
        "name": posted.one("name"),
        "priceMinutes": posted.whole("minutes"),
        "stock": posted.whole("stock"),
        "leastStar": posted.whole("star") if posted.one("star") else 0,
        "isGoods": posted.one("goods") == "yes",
        "perPerson": posted.whole("most") if posted.one("most") else None,
        "until": posted.one("until") or None,
    }


PAGES = (
    station_page(
        path=REWARDS,
        template="desk_rewards.html",
        menu="兑换与发放",
        operation="desk_rewards",
        variables=at_station,
        lists=("after",),
    ),
)

FORMS = (
    reward_form(
        path=f"{REWARDS}/ready",
        mutation="ready_reward",
        field="readyReward",
        given=lambda posted: {"order": posted.one("order")},
    ),
    reward_form(
        path=f"{REWARDS}/hand-over",
        mutation="hand_over_reward",
        field="handOverReward",
        given=lambda posted: {"order": posted.one("order"), "code": posted.one("code")},
    ),
    reward_form(
        path=f"{REWARDS}/cancel",
        mutation="cancel_reward",
        field="cancelReward",
        given=lambda posted: {"order": posted.one("order"), "reason": posted.one("reason")},
    ),
    reward_form(
        path=f"{REWARDS}/offer", mutation="offer_reward", field="offerReward", given=offered
    ),
    reward_form(
        path=f"{REWARDS}/restock",
        mutation="restock_reward",
        field="restockReward",
        given=lambda posted: {"reward": posted.one("reward"), "pieces": posted.whole("pieces")},
    ),
    reward_form(
        path=f"{REWARDS}/withdraw",
        mutation="withdraw_reward",
        field="withdrawReward",
        given=lambda posted: {"reward": posted.one("reward")},
    ),
)
