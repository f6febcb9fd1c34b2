"""Issuing certificates on the wire: what the home station does with a request, and after."""

import strawberry
from strawberry import ID

from schema.certificates import Certificate, shown
from schema.context import Input
from schema.refusal import Info, Payload, mutation
from timebank import certificate_issuing
from timebank.certificate_life import CertificateDeclineReason, CertificateRevokeReason


@strawberry.input
class IssueCertificateInput(Input):
    certificate: ID = strawberry.field(description="The request.")


@strawberry.type
class IssueCertificatePayload(Payload):
    certificate: Certificate | None = strawberry.field(default=None, description="What was issued.")


@strawberry.input
class DeclineCertificateInput(Input):
    certificate: ID = strawberry.field(description="The request.")
    reason: CertificateDeclineReason = strawberry.field(description="Why.")


@strawberry.type
class DeclineCertificatePayload(Payload):
    certificate: Certificate | None = strawberry.field(default=None, description="The request.")


@strawberry.input
class RevokeCertificateInput(Input):
    certificate: ID = strawberry.field(description="The certificate.")
    reason: CertificateRevokeReason = strawberry.field(description="Why.")


@strawberry.type
class RevokeCertificatePayload(Payload):
    certificate: Certificate | None = strawberry.field(
        default=None, description="What was revoked."
    )


@strawberry.type
class Mutation:
    @mutation(IssueCertificatePayload)
    async def issue_certificate(
        self, info: Info, input: IssueCertificateInput
    ) -> IssueCertificatePayload:
        """Issue the certificate that was asked for, as the person in charge."""
        answer = await certificate_issuing.issue_certificate(
            info.context.actor, certificate=str(input.certificate), key=info.context.key(input)
        )
        held = await shown(info, answer.certificate)
        return IssueCertificatePayload.of(answer, certificate=held)

    @mutation(DeclineCertificatePayload)
    async def decline_certificate(
        self, info: Info, input: DeclineCertificateInput
    ) -> DeclineCertificatePayload:
        """Decline to issue a certificate."""
        answer = await certificate_issuing.decline_certificate(
            info.context.actor,
            certificate=str(input.certificate),
            reason=input.reason,
            key=info.context.key(input),
        )
        held = await shown(info, answer.certificate)
        return DeclineCertificatePayload.of(answer, certificate=held)

    @mutation(RevokeCertificatePayload)
    async def revoke_certificate(
        self, info: Info, input: RevokeCertificateInput
    ) -> RevokeCertificatePayload:
        """Revoke a certificate; its verification page says so from now on."""
        answer = await certificate_issuing.revoke_certificate(
            info.context.actor,
            certificate=str(input.certificate),
            reason=input.reason,
            key=info.context.key(input),
        )
        held = await shown(info, answer.certificate)
        return RevokeCertificatePayload.of(answer, certificate=held)
