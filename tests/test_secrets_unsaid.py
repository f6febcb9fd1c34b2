"""Secrets unsaid: after a city's whole life nothing of the vault stands in a log or in an error.

What is secret is collected where it comes into being: every value that is sealed, every text and
its salt, every password and PIN that is hashed, every random token and key. Then everything that
can be asked is asked, rightly and wrongly, bugs and failing rounds included, and all that was
logged or answered as an error is searched for them.
"""

import base64
import logging
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest
from graphql import GraphQLObjectType
from structlog.testing import capture_logs

from tests.role_city import City, found_city
from tests.test_graphql_generated import client_of
from tests.test_role_matrix import document_of
from tests.wire import api, once
from tests.world import open_world
from timebank import cards, sign_in, sign_in_resets, texts, vault
from timebank.access import Role
from timebank.identity import DocumentType
from timebank.timers import Timer, sweep

ASKERS = ["public", "other", "self", Role.STATION_MANAGER, Role.DISTRICT_LEAD]
SHORTEST = 6
"""Bytes of UTF-8: anything shorter stands by chance in any log."""

KEY_LEAST = 12


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> Iterator[set[str]]:
    """What must not be said, as it comes into being."""
    told: set[str] = set()

    def watch(module: Any, name: str, *which: int) -> None:
        real = getattr(module, name)

        def watching(*given: Any, **named: Any) -> Any:
            made = real(*given, **named)
            for secret in [made] if not which else [given[n] for n in which]:
                if isinstance(secret, bytes):
                    if len(secret) < KEY_LEAST:
                        continue  # the id of a request, which is logged
                    told.update((secret.hex(), base64.b64encode(secret).decode(), repr(secret)))
                elif len(secret.encode()) >= SHORTEST:
                    told.add(secret)
            return made

        monkeypatch.setattr(module, name, watching)

    watch(vault, "seal_field", 0, 3)
    watch(texts, "commitment", 0, 2)
    for module in (sign_in, cards, sign_in_resets):
        watch(module, "hashed", 0)
    watch(secrets, "token_urlsafe")
    watch(secrets, "token_bytes")
    yield told
    told.clear()


async def everything_asked(city: City) -> list[str]:
    """Every root field, asked by those who may and those who may not; the errors there were."""
    errors: list[str] = []
    async with client_of(city) as client:
        for root in ("Query", "Mutation"):
            kind = api().schema.get_type(root)
            assert isinstance(kind, GraphQLObjectType)
            for name, field in kind.fields.items():
                given: Any = field.args
                if root == "Mutation":
                    inputs: Any = given["input"].type.of_type.fields
                    wanted = {n: f for n, f in inputs.items() if n != "idempotencyKey"}
                    filled = await city.fill(name, wanted)
                    keyed = once() if "idempotencyKey" in inputs else {}
                    variables = {"input": filled | keyed}
                else:
                    variables = await city.fill(name, given)
                for asker in ASKERS:
                    answer = await client.post(
                        "/graphql",
                        json={
                            "query": document_of(root, name, field),
                            "variables": variables,
                        },
                        headers={"x-asker": asker},
                    )
                    errors += [str(error) for error in answer.json().get("errors", ())]
    return errors


@pytest.mark.anyio
async def test_no_log_and_no_error_says_what_the_vault_keeps(
    sqlite_url: str,
    tmp_path: Path,
    kept: set[str],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    caplog.set_level(logging.INFO)
    with capture_logs() as logs:
        async with open_world(sqlite_url, tmp_path) as world:
            city = await found_city(world)
            named = next(one for one in sorted(kept) if one.startswith("王秀英"))

            async def broken(*given: object, **more: object) -> NoReturn:
                raise RuntimeError(f"{named}: {sorted(kept)[:50]}")

            with monkeypatch.context() as patched:
                # Bugs that know too much, behind a field and in a round of the timers.
                patched.setattr("timebank.directory.read_fields", broken)
                await sweep([Timer("broken", broken, broken)])
                async with client_of(city) as client:
                    answer = await client.post(
                        "/graphql", json={"query": "{ me { name } }"}, headers={"x-asker": "self"}
                    )
                errors = [answer.text]
            errors += await everything_asked(city)
    kept -= {kind.value for kind in DocumentType}
    assert len(kept) > 500
    assert len(errors) > 200
    assert {log["event"] for log in logs} >= {"graphql.failed", "timer_failed"}
    for heard in (repr(logs), caplog.text, "\n".join(errors)):
        assert [secret for secret in kept if secret in heard] == []
