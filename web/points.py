"""Points: a leaky bucket for every caller (api 20).

Knows holders by name, and how fast what they spent comes back. In process and bounded: of several
servers each is given its share. Refuses to know what a point buys.
"""

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Self

LIMIT = 20_000
RESTORE_PER_SECOND = 1_000
HOLDERS_MAX = 10_000


class Points:
    """`limit` points each, `restore_per_second` of them coming back every second.

    Beyond HOLDERS_MAX the holder longest silent is forgotten; who asks without pause is not.
    """

    def __init__(
        self,
        *,
        limit: int = LIMIT,
        restore_per_second: int = RESTORE_PER_SECOND,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.limit = limit
        self.restore_per_second = restore_per_second
        self._clock = clock
        self._spent: OrderedDict[str, tuple[float, float]] = OrderedDict()

    @classmethod
    def shared(cls, servers: int, *, least: int) -> Self:
        """What one of so many servers gives each, together what one alone would.

        But never less than `least` at once, what the largest operation costs.
        """
        limit, restored = LIMIT // servers, RESTORE_PER_SECOND // servers
        return cls(limit=max(limit, least), restore_per_second=max(restored, 1))

    def __len__(self) -> int:
        return len(self._spent)

    def remaining(self, holder: str) -> int:
        """The points that `holder` may spend now."""
        return math.floor(self.limit - self._owed(holder, self._clock()))

    def take(self, holder: str, points: int) -> int:
        """Spend points. Seconds to wait, and nothing spent, where there are too few; else 0."""
        now = self._clock()
        owed = self._owed(holder, now) + points
        if owed > self.limit:
            return max(1, math.ceil((owed - self.limit) / self.restore_per_second))
        self._keep(holder, owed, now)
        return 0

    def owe(self, holder: str, points: int) -> None:
        """Spend points, be they there or not: what is owed comes back before any can be spent."""
        now = self._clock()
        self._keep(holder, self._owed(holder, now) + points, now)

    def _keep(self, holder: str, owed: float, now: float) -> None:
        self._spent[holder] = (owed, now)
        self._spent.move_to_end(holder)
        if len(self._spent) > HOLDERS_MAX:
            self._spent.popitem(last=False)

    def _owed(self, holder: str, now: float) -> float:
        owed, since = self._spent.get(holder, (0.0, now))
        return max(0.0, owed - (now - since) * self.restore_per_second)
