"""Life cycles are tables: state, event, next state. Decisions and projectors walk the same one."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from timebank.events import Event, kind_of
from timebank.refusals import Refusal

S = TypeVar("S", bound=StrEnum)
Lifecycle = Mapping[S, Mapping[type[Event], S]]


class NotInThisState(Refusal):
    """The thing's state does not allow this act."""

    says = "This is {state} now, so “{act}” cannot follow."
    state: str
    act: str


def step(lifecycle: Lifecycle[S], state: S, event: type[Event]) -> S:
    """The state that `event` leads to from `state`.

    Refuses: NotInThisState when the table does not list the pair.
    """
    following = lifecycle.get(state, {}).get(event)
    if following is None:
        raise NotInThisState(state=state.value, act=kind_of(event))
    return following
