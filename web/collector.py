"""The collector, and when it does not walk what a process begins with: modules and schema."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

YOUNG = 10_000
"""New objects between two looks of the collector: a request makes some thousands, and lets go."""


@contextmanager
def resting() -> Iterator[None]:
    """The collector rests while hardly anything is let go, as when modules come in.

    It would walk all that there is again and again: a tenth of what a server begins with.
    """
    walked = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if walked:
            gc.enable()


def settle() -> None:
    """Keep the collector off what a process has begun with, and let it look less often.

    Modules and schema live as long as the process, and rows that the journal remembers hold nothing
    that would need to be walked.
    """
    gc.freeze()
    gc.set_threshold(YOUNG)
