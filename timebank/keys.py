"""Request keys: who asks what under which name, so that asking twice does it once.

Knows how a caller's idempotency key becomes a request id (ledger format 6); does not know what the
request does.
"""

import hashlib
import hmac
import secrets
from typing import Any

import msgspec

from ledger.entry import request_id

KEY_LENGTHS = range(8, 65)


class RequestKey(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt: `scope` is the caller, `key` the caller's own name for the attempt.

    `digest` covers the act's name and its content, so that the same key with other content is a
    conflict and not a wrong answer.
    """

    scope: str
    key: str
    digest: bytes

    @property
    def id(self) -> str:
        """The request id that the ledger keeps."""
        return request_id(self.scope, self.key)

    @classmethod
    def of(cls, scope: str, key: str, act: str, content: Any, *, secret: bytes) -> "RequestKey":
        """The key of an attempt at `act` with `content` (anything msgspec encodes)."""
        told = msgspec.json.encode([act, content], order="deterministic")
        return cls(scope=scope, key=key, digest=hmac.digest(secret, told, "sha256"))

    @classmethod
    def once(cls, scope: str) -> "RequestKey":
        """A key for an attempt that nobody will ever repeat."""
        return cls(scope=scope, key=secrets.token_hex(16), digest=hashlib.sha256().digest())
