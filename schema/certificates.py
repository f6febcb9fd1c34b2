"""Certificates of service on the wire: what one asked for, and what was issued."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated

import strawberry
from strawberry import ID

from schema.certificate_sheets import CertificateSheet
from schema.context import Context, Input, anew
from schema.enums import show_enum
from schema.fields import field
from schema.ledger import LedgerEntry
from schema.nodes import Node, answers_for
from schema.paging import Connection, Listing, Page, paged
from schema.people import Person, read_people
from schema.refusal import Info, Payload, mutation
from schema.scalars import Long
from timebank import certificate_sheets, certificates
from timebank.certificate_life import (
    CertificateDeclineReason,
    CertificateRevokeReason,
    CertificateState,
)

OWN = Listing("certificates", str)
AT = Listing("certificatesAt", str)

Scope = Annotated[str, strawberry.argument(description="A path in your scope.")]
State = Annotated[CertificateState, strawberry.argument(description="In which state.")]

show_enum(
    CertificateState,
    "The life of a certificate.",
    requested="Asked for; the station issues or declines it.",
    issued="Issued; it holds.",
    superseded="A newer certificate took its place.",
    revoked="Revoked.",
    declined="Not issued.",
    withdrawn="Withdrawn by the volunteer.",
)
show_enum(
    CertificateDeclineReason,
    "Why no certificate is issued.",
    identity_unclear="Who the volunteer is must be settled first.",
    period_unclear="The period must be settled first.",
    record_disputed="What it would certify is disputed.",
)
show_enum(
    CertificateRevokeReason,
    "Why a certificate no longer holds.",
    hours_taken_back="Hours that it certified were taken back.",
    issued_wrongly="It was issued wrongly.",
    own_wish="The volunteer wishes so.",
)


@strawberry.type(description="A certificate of service, or the request for one.")
class Certificate(Node):
    state: CertificateState = strawberry.field(description="How far it is.")
    since: date = strawberry.field(description="The first day it covers.")
    until: date = strawberry.field(description="The last day it covers.")
    requested_at: datetime = strawberry.field(description="When it was asked for.")
    number: str | None = strawberry.field(description="Its number; null before it is issued.")
    code: str | None = strawberry.field(description="The code of its verification page.")
    issued_on: date | None = strawberry.field(description="When it was issued.")
    minutes: Long = strawberry.field(description="What it certifies.")
    records: int = strawberry.field(description="On how many records.")
    rest_minutes: Long = strawberry.field(description="What the lines of the sheet leave out.")
    declined: CertificateDeclineReason | None = strawberry.field(description="Why it was declined.")
    revoked: CertificateRevokeReason | None = strawberry.field(description="Why it was revoked.")
    entry: LedgerEntry | None = strawberry.field(description="The entry that issued it.")
    person_id: strawberry.Private[str]

    @field
    async def volunteer(self, info: Info) -> Person | None:
        """Whose service it is, if you may see them."""
        return await info.context.loaders.load(read_people, self.person_id)

    @field
    async def sheet(self, info: Info) -> CertificateSheet | None:
        """What it prints; null before it is issued, and once the name was erased."""
        told = await certificate_sheets.sheet(info.context.actor, str(self.id))
        return CertificateSheet.of(told) if told else None

    @classmethod
    def of(cls, held: certificates.Certificate) -> "Certificate":
        """A certificate as it is shown."""
        return cls(
            id=ID(held.id),
            state=held.state,
            since=held.since,
            until=held.until,
            requested_at=held.requested_at,
            number=held.number,
            code=held.code,
            issued_on=held.issued_on,
            minutes=Long(held.minutes),
            records=held.records,
            rest_minutes=Long(held.rest),
            declined=held.declined,
            revoked=held.revoked,
            entry=LedgerEntry(seq=Long(held.seq)) if held.seq is not None else None,
            person_id=held.person,
        )


async def read_certificates(context: Context, ids: Sequence[str]) -> dict[str, Certificate]:
    """Certificates, for the loader; whatever is out of sight is missing."""
    seen = await certificates.visible_certificates(context.actor, ids)
    return {id: Certificate.of(held) for id, held in seen.items()}


answers_for("cer", read_certificates)


shown = anew(read_certificates)
"""A certificate as it is now, for a payload."""


@strawberry.type
class Query:
    @paged
    async def certificates(self, page: Page, info: Info) -> Connection[Certificate]:
        """Your own certificates and requests, the newest first."""
        actor = info.context.actor
        return await page.of(OWN, certificates.certificates_of, actor, node=Certificate.of)

    @paged
    async def certificates_at(
        self, page: Page, info: Info, scope: Scope, state: State
    ) -> Connection[Certificate]:
        """Certificates below a path in a state, the oldest first; none outside your scope."""
        read, actor = certificates.certificates_at, info.context.actor
        return await page.of(AT, read, actor, scope, state, node=Certificate.of)


@strawberry.input
class RequestCertificateInput(Input):
    since: date = strawberry.field(description="The first day to cover.")
    until: date = strawberry.field(description="The last day to cover, today at the latest.")
    replaces: ID | None = strawberry.field(
        default=None, description="An issued certificate of yours that the new one supersedes."
    )


@strawberry.type
class RequestCertificatePayload(Payload):
    certificate: Certificate | None = strawberry.field(default=None, description="The request.")


@strawberry.input
class WithdrawCertificateInput(Input):
    certificate: ID = strawberry.field(description="Your request.")


@strawberry.type
class WithdrawCertificatePayload(Payload):
    certificate: Certificate | None = strawberry.field(default=None, description="The request.")


@strawberry.type
class Mutation:
    @mutation(RequestCertificatePayload)
    async def request_certificate(
        self, info: Info, input: RequestCertificateInput
    ) -> RequestCertificatePayload:
        """Ask your home station for a certificate of your service; it is free."""
        answer = await certificates.request_certificate(
            info.context.actor,
            since=input.since,
            until=input.until,
            replaces=str(input.replaces) if input.replaces else None,
            key=info.context.key(input),
        )
        held = await shown(info, answer.certificate)
        return RequestCertificatePayload.of(answer, certificate=held)

    @mutation(WithdrawCertificatePayload)
    async def withdraw_certificate(
        self, info: Info, input: WithdrawCertificateInput
    ) -> WithdrawCertificatePayload:
        """Take your request for a certificate back."""
        answer = await certificates.withdraw_certificate(
            info.context.actor, certificate=str(input.certificate), key=info.context.key(input)
        )
        held = await shown(info, answer.certificate)
        return WithdrawCertificatePayload.of(answer, certificate=held)
