"""Admission: what anybody who asks must pass, over HTTP and over a socket (api 16 to 20).

Knows documents, trusted or open, and points: who asks is charged before anything is parsed. Refuses
to know how a request came and how its answer goes.
"""

import hashlib
from collections.abc import Mapping

from schema.context import Context
from schema.documents import Document, Operation
from schema.errors import refused
from schema.execution import Api
from timebank.origins import holder_of
from web.asking import Ask, Unreadable
from web.points import Points

CHARACTERS_A_POINT = 10
READ_MOST = 10_000
"""What of a document that is not known yet is paid for: the parser stops at a thousand tokens."""


class Account:
    """What one request has been charged, and how that is told in `extensions.cost`."""

    __slots__ = ("_holder", "_points", "_requested")

    def __init__(self, points: Points, context: Context) -> None:
        self._points = points
        self._holder = holder(context)
        self._requested = 0

    def charge(self, points: int) -> None:
        """Spend points, or RATE_LIMITED."""
        self._requested += points
        wait = self._points.take(self._holder, points)
        if wait:
            says = f"You have asked for much in little time; ask again in {wait} seconds."
            raise refused("RATE_LIMITED", says, retry_after_seconds=wait)

    def told(self) -> dict[str, int]:
        """As an answer tells it (api 20)."""
        return {
            "requested": self._requested,
            "limit": self._points.limit,
            "remaining": self._points.remaining(self._holder),
            "restoreRate": self._points.restore_per_second,
        }


def holder(context: Context) -> str:
    """Whose points an asker spends: their own, or their address's."""
    actor = context.actor
    return actor.scope if actor.known else holder_of(context.address)


class Admission:
    """One a process: the documents that are trusted, and everybody's points.

    `trusted` maps `sha256:...` to documents that anybody may run; others need a known actor unless
    `open_documents` (api 17).
    """

    def __init__(
        self,
        api: Api,
        *,
        trusted: Mapping[str, str] | None = None,
        open_documents: bool = False,
        points: Points | None = None,
    ) -> None:
        self.api = api
        self._trusted = dict(trusted or {})
        for identifier, text in self._trusted.items():
            if identifier != document_id(text):
                raise ValueError(f"{identifier} is not the hash of its document")
        api.documents.keep(self._trusted.values())
        self._open_documents = open_documents
        self._points = Points() if points is None else points
        if self._points.limit < api.limits.cost:
            raise ValueError("no caller could ever afford the largest operation allowed")

    def account(self, context: Context) -> Account:
        """The account of one request of an asker."""
        return Account(self._points, context)

    def document(self, ask: Ask, context: Context, account: Account) -> Operation:
        """The operation asked for, found and allowed. Raises Unreadable, Refused."""
        account.charge(1)  # before any parsing: reading a document is work too
        return self._document(ask, context, account).pick(ask.operation_name)

    def afford(self, operation: Operation, ask: Ask, context: Context, account: Account) -> int:
        """Charge what the operation costs beyond the point that was paid; its whole cost."""
        cost = self.api.admit(operation, ask.variables or {}, context)
        if cost > 1:
            account.charge(cost - 1)
        return cost

    def _document(self, ask: Ask, context: Context, account: Account) -> Document:
        if (ask.query is None) == (ask.document_id is None):
            raise Unreadable(400, "Send either query or documentId.")
        if ask.document_id is not None:
            trusted = self._trusted.get(ask.document_id)
            if trusted is None:
                raise Unreadable(400, "There is no trusted document with this id.")
            return self.api.documents.prepare(trusted)
        if not context.actor.known and not self._open_documents:
            says = "Sign in to send documents of your own, or send the id of a trusted one."
            raise refused("UNAUTHENTICATED", context.translate(says))
        text, suggest = ask.query or "", context.actor.known
        if not self.api.documents.remembers(text, suggest=suggest):
            account.charge(min(len(text), READ_MOST) // CHARACTERS_A_POINT)
        return self.api.documents.prepare(text, suggest=suggest)


def document_id(text: str) -> str:
    """The id of a trusted document."""
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()
