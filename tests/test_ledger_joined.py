"""The books level alone: whose an account is once it went into another, whatever entries say."""

from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from ledger.books import Books
from ledger.entry import EMPTY, Sealed, Tip, seal
from ledger.head import instant_text
from ledger.reader import Reader

pytestmark = pytest.mark.anyio
NOON = datetime(2026, 3, 1, 4, tzinfo=UTC)


class Log:
    """Entries that move minutes from `bank`, and what the books say of them."""

    def __init__(self) -> None:
        self.tip: Tip = EMPTY
        self.entries: list[Sealed] = []

    def says(self, body: dict[str, Any], *moves: tuple[str, int]) -> Sealed:
        """Another entry."""
        made = seal(
            self.tip,
            now=NOON + timedelta(minutes=self.tip.size),
            kind="test.said",
            actor="system",
            request=f"{self.tip.size:032x}",
            policy="none",
            body=body,
            postings=[(account, "minute", amount) for account, amount in moves],
        )
        self.tip = made.tip
        self.entries.append(made)
        return made

    def takes_back(self, earlier: Sealed, account: str) -> None:
        """An entry that reverses an earlier one, out of some account."""
        reverses = {"seq": earlier.seq, "leaf": earlier.leaf.hex()}
        self.says({"reverses": reverses}, ("bank", 9), (account, -9))

    async def fetch(self, sql: str, seq: int) -> list[tuple[bytes]]:
        """The bytes of an entry."""
        return [(self.entries[seq].bytes,)]

    async def wrong(self) -> list[tuple[int | None, str]]:
        """What the books find."""
        books = Books(
            cast("Reader", self),
            lambda account, unit: None,
            lambda account: account.removeprefix("owed:"),
            lambda entry: (
                (entry.body["gone"], entry.body["kept"]) if "gone" in entry.body else None
            ),
        )
        found = []
        for one in self.entries:
            says = (one.kind, instant_text(one.at), one.actor, one.request)
            found += await books.check((one.seq, one.bytes, one.leaf, *says))
        return [(one.seq, one.what) for one in found]


async def test_what_went_over_is_taken_back_from_whose_it_is_by_then() -> None:
    log = Log()
    first, second = [log.says({}, ("bank", -9), ("anna", 9)) for _ in range(2)]
    log.says({"gone": "anna", "kept": "berta"}, ("anna", -18), ("berta", 18))
    log.takes_back(first, "berta")
    log.says({"gone": "berta", "kept": "carla"}, ("berta", -9), ("carla", 9))
    log.takes_back(second, "owed:carla")
    assert await log.wrong() == []


async def test_nothing_is_taken_back_from_somebody_else_or_before_it_went_over() -> None:
    log = Log()
    first, second = [log.says({}, ("bank", -9), ("anna", 9)) for _ in range(2)]
    log.takes_back(first, "berta")
    log.says({"gone": "anna", "kept": "berta"}, ("anna", -18), ("berta", 18))
    log.takes_back(second, "carla")
    assert await log.wrong() == [
        (2, "its postings do not mirror those of 0"),
        (4, "its postings do not mirror those of 1"),
    ]


async def test_entries_that_lead_round_are_followed_to_an_end() -> None:
    log = Log()
    first = log.says({}, ("bank", -9), ("anna", 9))
    for gone, kept in (("anna", "anna"), ("anna", "berta"), ("berta", "anna")):
        log.says({"gone": gone, "kept": kept})
    log.takes_back(first, "berta")
    assert await log.wrong() == []
