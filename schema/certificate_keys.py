"""Certificate keys on the wire: what whoever checks a certificate offline needs."""

from datetime import date

import strawberry

from schema.fields import field
from schema.ledger import LedgerEntry
from schema.scalars import Long
from timebank import certificate_keys


@strawberry.type(description="A key that signs, or signed, certificates.")
class CertificateKey:
    vkey: str = strawberry.field(description="The verifier key, for `timebank verify certificate`.")
    since: date = strawberry.field(description="From which day it has signed.")
    entry: LedgerEntry = strawberry.field(description="The entry that published it.")


@strawberry.type
class Query:
    @field
    async def certificate_keys(self) -> list[CertificateKey]:
        """Every key that signs or signed certificates, the oldest first."""
        return [
            CertificateKey(
                vkey=certificate_keys.verifier_of(held.key).text,
                since=held.since,
                entry=LedgerEntry(seq=Long(held.seq)),
            )
            for held in await certificate_keys.certificate_keys()
        ]
