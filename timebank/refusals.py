"""Refusals and denials: the two ways this software says no on purpose.

A refusal is the domain's considered no: a stable code, one sentence, the values in it. It is data
for the caller and never a bug. A denial is about the asker, not the matter: not signed in, not
allowed, too busy. Everything else that is raised is a bug and is treated as one.
"""

import re
from collections.abc import Callable
from typing import Any, ClassVar, dataclass_transform

Translate = Callable[[str], str]


@dataclass_transform(kw_only_default=True)
class Refusal(Exception):
    """The domain's considered no. Subclass it with `says` and its values.

    The sentence is for people, who know nothing by its id: it names a thing by its day, number or
    station. An id among the values is for programs, and stays out of the sentence.

    The code is the class name in UPPER_SNAKE and is permanent once released. `path` names the input
    field at fault where one is.
    """

    registry: ClassVar[dict[str, type["Refusal"]]] = {}
    code: ClassVar[str] = ""
    says: ClassVar[str] = ""
    path: ClassVar[tuple[str, ...]] = ()
    fields: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls, **extra: Any) -> None:
        super().__init_subclass__(**extra)
        cls.code = re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).upper()
        cls.fields = tuple(name for name in cls.__annotations__ if name not in Refusal.__dict__)
        if not cls.says:
            raise TypeError(f"{cls.__name__} says nothing")
        if cls.registry.setdefault(cls.code, cls) is not cls:
            raise TypeError(f"two refusals share the code {cls.code}")

    def __init__(self, **values: Any) -> None:
        if set(values) != set(self.fields):
            raise TypeError(f"{type(self).__name__} takes {self.fields}, not {tuple(values)}")
        self.__dict__.update(values)
        super().__init__(self.message())

    @property
    def details(self) -> dict[str, str]:
        """The values, as text, by name."""
        return {name: str(getattr(self, name)) for name in self.fields}

    def message(self, translate: Translate = str) -> str:
        """The sentence in the language of `translate`, with the values in it.

        A value may be a word of ours (`station`, `closed`); any other stays as it is.
        """
        # What is several words, as all that is still open, is translated word by word.
        told = {
            name: ", ".join(map(translate, value.split(", ")))
            for name, value in self.details.items()
        }
        return translate(self.says).format(**told)


class NotFound(Refusal):
    """What is asked for is not there, or not there for this asker: the two look the same."""

    says = "There is no {what} with this id."
    what: str


class IdempotencyKeyReused(Refusal):
    """The same key came with other content (ledger format 6)."""

    says = "This request key was used before for something else; send a new one."
    path = ("idempotencyKey",)


class Denial(Exception):
    """A no about the asker: a top-level error with `code`, never a user error.

    `retry_after` says in how many seconds the same key may be sent again, None where waiting does
    not help.
    """

    code: ClassVar[str] = "FORBIDDEN"
    retry_after: ClassVar[int | None] = None
    says: ClassVar[str] = "You may not do this."

    def __init__(self) -> None:
        super().__init__(self.says)


class Forbidden(Denial):
    """Visible, but not allowed to this actor."""


class Unauthenticated(Denial):
    """Nobody is signed in, or the session ended."""

    code = "UNAUTHENTICATED"
    says = "Sign in first."


class Busy(Denial):
    """The journal's queue is full."""

    code = "BUSY"
    says = "The server is busy; ask again with the same key."
    retry_after = 1


class LedgerAway(Denial):
    """The database cannot be reached, or takes nothing: it is down, changing over, or full."""

    code = "BUSY"
    says = "The ledger is out of reach for a moment; ask again with the same key."
    retry_after = 5


class LedgerStopped(Denial):
    """Nothing is written: the ledger and its anchor disagree, or its keepers stopped it."""

    code = "BUSY"
    says = "Nothing is written until the ledger's keepers have looked into it; reading goes on."
    retry_after = 60
