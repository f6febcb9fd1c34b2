"""Pages of rewards at a station: orders made ready and handed over by code, and what is offered."""

from typing import Any

from web.forms import Form, Posted, plain
from web.pages.stations import at_station, station_page

REWARDS = "/desk/rewards"


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
    plain(REWARDS, "ready", "ready_reward", "order"),
    plain(REWARDS, "hand-over", "hand_over_reward", "order", "code"),
    plain(REWARDS, "cancel", "cancel_reward", "order", "reason"),
    Form(path=f"{REWARDS}/offer", mutation="offer_reward", page=REWARDS, given=offered),
    plain(REWARDS, "restock", "restock_reward", "reward", whole="pieces"),
    plain(REWARDS, "withdraw", "withdraw_reward", "reward"),
)
