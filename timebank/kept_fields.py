"""Kept fields: what is sealed of somebody, as the work of a command reads it under the lock.

Knows rows that a batch asks for; reads outside of a command are `vault.read_fields`.
"""

from timebank.batch import Batch
from timebank.vault import DataKey, SealedField, keyring, open_field


def kept_field(batch: Batch, owner: str, field: str) -> str | None:
    """A field as it was told; None where it never was, or where its key was destroyed."""
    place = f"{owner}:{field}"
    batch.ask((DataKey, owner), (SealedField, place))
    key, held = batch.get(DataKey, owner), batch.get(SealedField, place)
    if key is None or held is None:
        return None
    return open_field(keyring().data_key(key), owner, field, held.sealed)
