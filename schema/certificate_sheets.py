"""Certificate sheets on the wire: what is printed, and what the verification page says."""

from datetime import date
from typing import Annotated

import strawberry

from schema.enums import show_enum
from schema.fields import field
from schema.refusal import Info
from schema.scalars import Long
from timebank import certificate_sheets
from timebank.activities import ActivityKind
from timebank.certificate_sheets import Standing

Code = Annotated[str, strawberry.argument(description="The code of a certificate's address.")]

show_enum(
    Standing,
    "What the register says of a certificate.",
    valid="It holds.",
    superseded="A newer certificate took its place.",
    revoked="It was revoked.",
    unknown="There is no such certificate.",
)


@strawberry.type(description="What was done, as a certificate prints it.")
class CertificateLine:
    title: str | None = strawberry.field(description="The activity; null for records by hand.")
    kind: ActivityKind | None = strawberry.field(description="The kind; null for an activity.")
    records: int = strawberry.field(description="On how many records.")
    minutes: Long = strawberry.field(description="How long.")


@strawberry.type(description="Everything that a certificate prints.")
class CertificateSheet:
    name: str = strawberry.field(description="Whose service it is.")
    volunteer_number: str = strawberry.field(description="Their public volunteer number.")
    station: str = strawberry.field(description="The station that issued it.")
    in_charge: str = strawberry.field(description="The person in charge.")
    lines: list[CertificateLine] = strawberry.field(description="The longest activities.")
    seal: str = strawberry.field(description="What stands behind the `#` of its address, signed.")

    @classmethod
    def of(cls, told: certificate_sheets.Sheet) -> "CertificateSheet":
        """A sheet as it is shown."""
        kinds = {kind.value: kind for kind in ActivityKind}
        return cls(
            name=told.name,
            volunteer_number=told.volunteer,
            station=told.station,
            in_charge=told.in_charge,
            lines=[
                CertificateLine(
                    title=title,
                    kind=kinds.get(line.about),
                    records=line.records,
                    minutes=Long(line.minutes),
                )
                for line, title in zip(told.certificate.lines, told.titles, strict=True)
            ],
            seal=told.seal,
        )


@strawberry.type(description="What the register says of a certificate's code.")
class CertificateVerification:
    standing: Standing = strawberry.field(description="Whether it holds.")
    number: str | None = strawberry.field(description="Its number; null if there is none.")
    name: str | None = strawberry.field(description="The masked name; null once it was erased.")
    station: str | None = strawberry.field(description="The station that issued it.")
    issued_on: date | None = strawberry.field(description="When it was issued.")
    since: date | None = strawberry.field(description="The first day it covers.")
    until: date | None = strawberry.field(description="The last day it covers.")
    minutes: Long | None = strawberry.field(description="What it certifies.")
    taken_back_minutes: Long = strawberry.field(description="What of it counts no longer.")
    replaced_by: str | None = strawberry.field(description="The number of the newer one.")
    ended_on: date | None = strawberry.field(description="When it was superseded or revoked.")


@strawberry.type
class Query:
    @field
    async def certificate_verification(self, info: Info, code: Code) -> CertificateVerification:
        """What the register says of a code: for everybody who has it, and it always answers."""
        told = await certificate_sheets.verification(code[:64])
        return CertificateVerification(
            standing=told.standing,
            number=told.number,
            name=told.name,
            station=told.station,
            issued_on=told.issued,
            since=told.since,
            until=told.until,
            minutes=None if told.minutes is None else Long(told.minutes),
            taken_back_minutes=Long(told.taken_back),
            replaced_by=told.replaced_by,
            ended_on=told.ended,
        )
