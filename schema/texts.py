"""Texts that people wrote, for the loaders of whatever bears them.

Knows what a text is called; refuses to know who may read it: whoever is shown a thing is shown its
texts, and a module whose texts say more than the thing has a read of its own.
"""

from collections.abc import Sequence
from functools import cache

from schema.context import Context
from schema.loaders import BatchRead
from timebank.texts import read_texts


@cache
def texts(label: str) -> BatchRead[Context, str, str]:
    """The read of the texts with this label, by what they are about."""

    async def read(context: Context, ids: Sequence[str]) -> dict[str, str]:
        return await read_texts(ids, label)

    return read
