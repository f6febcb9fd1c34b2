"""Policy on the wire: the numbers of the rules, public."""

from datetime import date
from typing import Annotated

import msgspec
import strawberry
import yaml
from strawberry import ID

from schema.fields import field
from schema.ledger import LedgerEntry
from schema.refusal import Info
from schema.scalars import Long
from timebank import policy
from timebank.clock import day_of


@strawberry.type(description="The numbers of the rules from a day on.")
class Policy:
    id: ID = strawberry.field(description="The name that every computed entry carries.")
    effective: date = strawberry.field(description="The first day it holds.")
    entry: LedgerEntry = strawberry.field(description="Where it was published.")
    held: strawberry.Private[policy.Policy]

    @field
    def document(self) -> str:
        """The whole policy, YAML: what its entry says."""
        told: str = yaml.safe_dump(
            msgspec.to_builtins(self.held), allow_unicode=True, sort_keys=False
        )
        return told

    @classmethod
    def of(cls, version: policy.PolicyVersion) -> "Policy":
        """A published policy as it is shown."""
        return cls(
            id=ID(version.id),
            effective=version.effective,
            entry=LedgerEntry(seq=Long(version.seq)),
            held=version.document,
        )


@strawberry.type
class Query:
    @field
    async def policy(
        self,
        info: Info,
        on: Annotated[
            date | None, strawberry.argument(description="The day; today if none is given.")
        ] = None,
    ) -> Policy | None:
        """The policy of a day, or of today."""
        version = await policy.policy_on(on or day_of(info.context.clock.now()))
        return Policy.of(version) if version else None

    @field
    async def policies(self) -> list[Policy]:
        """Every published policy, earliest first."""
        return [Policy.of(version) for version in await policy.policies()]
