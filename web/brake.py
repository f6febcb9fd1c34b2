"""Brake: whoever is refused again and again waits for the answer.

To refuse costs little, but nobody who is refused a thousand times a second leaves much for others.
Past what an address may get wrong its refusals come after a pause, so that a connection is good for
one a second. Only refusals wait: others behind the same address are served as ever. Knows holders
and refusals; refuses to know what was refused.
"""

import asyncio
from collections import Counter

from web.points import Points

REFUSALS = 200
REFUSALS_A_SECOND = 10
PAUSE_SECONDS = 1.0
PAUSES = 20


class Brake:
    """One a process. `refusals` are free at once, and then so many a second."""

    def __init__(
        self,
        *,
        refusals: int = REFUSALS,
        a_second: int = REFUSALS_A_SECOND,
        pause_seconds: float = PAUSE_SECONDS,
    ) -> None:
        self._points = Points(limit=refusals, restore_per_second=a_second)
        self._pause_seconds = pause_seconds
        self._pausing: Counter[str] = Counter()

    async def refuse(self, holder: str) -> bool:
        """Pause where somebody was refused too often; whether they may keep their connection."""
        return not self._points.take(holder, 1) or await self.pause(holder)

    async def pause(self, holder: str) -> bool:
        """Wait; whether they may keep their connection.

        Who waits on PAUSES connections already may not: more of them are answered at once, and cut.
        """
        if self._pausing[holder] >= PAUSES:
            return False
        self._pausing[holder] += 1
        try:
            await asyncio.sleep(self._pause_seconds)
        finally:
            self._pausing[holder] -= 1
            if not self._pausing[holder]:
                del self._pausing[holder]
        return True
