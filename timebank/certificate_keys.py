"""The certificate key: what signs certificates, published on the ledger before it signs the first.

It comes from the master key, so that there is no second secret to lose; it never signs a
checkpoint, and the log's key never a certificate. Whoever has the log's verifier key can hold the
certificate key's publication against it. Refuses to know what is signed: see `certificate_seals`.
"""

from datetime import date

from ledger.checkpoint import ED25519, Signer, Verifier
from ledger.entry import Sealed
from timebank.batch import Batch
from timebank.clock import day_of
from timebank.events import Event
from timebank.projections import Rows, projects
from timebank.tables import Row, select, table

# Events


class CertificateKeyPublished(Event, frozen=True, tag="certificate_key.published"):
    """From this entry on `key` signs certificates: its id, and type and public key in base64."""

    key: str


# Tables and projectors


@table("certificate_key")
class CertificateKey(Row, frozen=True):
    """A key that signs, or signed, certificates; `id` has 8 hex digits."""

    id: str
    key: str
    since: date
    seq: int


@projects(CertificateKeyPublished)
def _published(rows: Rows, event: CertificateKeyPublished, entry: Sealed) -> None:
    id = event.key.partition("+")[0]
    rows.put(CertificateKey(id=id, key=event.key, since=day_of(entry.at), seq=entry.seq))


# What certificates ask


def publish_key(batch: Batch) -> None:
    """Publish the key of this process, unless the ledger has it already."""
    key = signer().verifier
    if batch.get(CertificateKey, key.id.hex()) is None:
        batch.record(CertificateKeyPublished(key=key.nameless))


# Reads


async def certificate_keys() -> list[CertificateKey]:
    """Every key that signs or signed certificates, oldest first: public."""
    return await select(CertificateKey, order=["seq"])


def verifier_of(key: str) -> Verifier:
    """The verifier key that the ledger keeps, under this log's name for it."""
    return Verifier.parse(f"{signer().verifier.name}+{key}")


# The key of this process

_installed: Signer | None = None


def install(name: str | None, seed: bytes = b"") -> None:
    """Make a seed the key of this process, under a name; none for no name."""
    global _installed
    _installed = Signer(name, seed, kind=ED25519) if name is not None else None


def signer() -> Signer:
    """Whoever signs certificates in this process."""
    if _installed is None:
        raise RuntimeError("no certificate key is open")
    return _installed
