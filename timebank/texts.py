"""Texts: names and words people wrote, kept beside the ledger with a salted commitment on it.

The entry carries the commitment (ledger format 6); value and salt live here and can be destroyed,
after which the commitment tells nothing.
"""

import secrets
from collections.abc import Iterable

from ledger.entry import commitment
from timebank.actors import PersonId
from timebank.batch import Batch
from timebank.refusals import Refusal
from timebank.tables import Row, find_many, table

LONGEST = 2000


class TextTooLong(Refusal):
    """More than a text may hold."""

    says = "“{label}” may have at most {most} characters; it has {length}."
    label: str
    most: int
    length: int


class TextMissing(Refusal):
    """A text that must say something is empty."""

    says = "“{label}” must not be empty."
    label: str


@table("texts", vault=True, sealed=True, index=[("person",)])
class Text(Row, frozen=True):
    """One text, sealed in its month; `id` is `<owner>:<label>`.

    `person` is whose words they are, or whom alone they are about; None for what is nobody's.
    """

    id: str
    value: str
    salt: bytes
    commitment: str
    person: str | None = None


def keep_text(
    batch: Batch,
    owner: str,
    label: str,
    value: str,
    *,
    most: int = 200,
    whose: PersonId | None = None,
) -> str:
    """Keep a text of `owner` and return the commitment for the ledger.

    Args: whose, the person with whom it is erased: whose words they are, or whom they are about.
    Refuses: TextMissing, TextTooLong.
    """
    value = " ".join(value.split())
    if not value:
        raise TextMissing(label=label)
    if len(value) > most:
        raise TextTooLong(label=label, most=most, length=len(value))
    salt = secrets.token_bytes(32)
    told = commitment(salt, label, value)
    batch.put(Text(id=f"{owner}:{label}", person=whose, value=value, salt=salt, commitment=told))
    return told


async def read_texts(owners: Iterable[str], label: str) -> dict[str, str]:
    """The texts with this label, by owner, in one statement."""
    found = await find_many(Text, [f"{owner}:{label}" for owner in owners])
    return {str(id).removesuffix(f":{label}"): text.value for id, text in found.items()}
