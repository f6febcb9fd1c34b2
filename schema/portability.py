"""Portability on the wire: one's own data as a signed file."""

from typing import Annotated

import strawberry

from schema.fields import field
from schema.refusal import Info
from timebank import portability
from timebank.refusals import NotFound

Number = Annotated[
    str | None,
    strawberry.argument(description="For the data protection officer: whose."),
]


@strawberry.type
class Query:
    @field
    async def portable_copy(self, info: Info, number: Number = None) -> str | None:
        """What is kept of you, as a signed file; `portableKey` checks it."""
        try:
            return await portability.copy_for(info.context.actor, number)
        except NotFound:
            return None

    @field
    def portable_key(self, info: Info) -> str:
        """The public key that checks the files in which people take their data along."""
        return portability.portable_signer().verifier.text
