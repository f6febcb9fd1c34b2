"""The collector, and when it does not walk what a process begins with: modules and schema."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


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
