"""Hands: whose hand it is that acts for a person: their own, their proxy's, the counter's.

Elders without telephones are served at the counter, and an act by another is kept with both
identities (domain 2 and 11). Knows who may act for whom; what they do is each command's own.
"""

from enum import StrEnum

from timebank.access import Action
from timebank.actors import PersonId
from timebank.batch import Batch
from timebank.people import person_in_scope
from timebank.proxies import acting_for
from timebank.refusals import NotFound


class Hand(StrEnum):
    """Whose hand acts for a person; the entry's actor is whoever it belongs to."""

    SELF = "self"
    PROXY = "proxy"
    COUNTER = "counter"


# What other capabilities ask


def hand_for(
    batch: Batch, person: PersonId, action: Action, *, what: str = "person"
) -> tuple[Hand, PersonId | None]:
    """By whose hand the batch's actor acts for a person, and the proxy if it is one.

    Args: action, what the counter of the person's home must be allowed; what, the thing that is not
    there for a stranger.   Refuses: NotFound, PersonNotActive.
    """
    try:
        proxy = acting_for(batch, person)
    except NotFound:
        return _counter(batch, person, action, what), None
    return (Hand.PROXY if proxy else Hand.SELF), proxy


def _counter(batch: Batch, person: PersonId, action: Action, what: str) -> Hand:
    try:
        person_in_scope(batch, action, person)
    except NotFound:
        raise NotFound(what=what) from None
    return Hand.COUNTER
