"""The certificate key: published before it signs, once, and no other than the log's."""

import pytest

from ledger.checkpoint import Verifier
from tests.certifying import certificate_of, served_and_issued
from tests.wire import ask
from tests.world import World
from timebank import certificate_keys
from timebank.actors import PUBLIC
from timebank.certificate_seals import open_seal
from timebank.certificate_sheets import seal_of
from timebank.publication import read_verifiers

pytestmark = pytest.mark.anyio


async def test_the_key_is_on_the_ledger_before_the_first_certificate_and_once(
    world: World,
) -> None:
    assert await certificate_keys.certificate_keys() == []
    first = await served_and_issued(world, await world.volunteer())
    second = await served_and_issued(world, await world.volunteer())
    (key,) = await certificate_keys.certificate_keys()
    assert first.seq
    assert second.seq
    assert key.seq == first.seq - 1 < second.seq
    told = await ask(world, PUBLIC, "query { certificateKeys { vkey since entry { seq } } }")
    (shown,) = told["certificateKeys"]
    assert (shown["since"], shown["entry"]["seq"]) == ("2026-11-20", key.seq)
    verifier = Verifier.parse(shown["vkey"])
    assert verifier.name == f"{world.settings.origin}/certificates"
    assert open_seal(seal_of(first), verifier).minutes == 90
    assert verifier.public != read_verifiers(world.settings)[0].public


async def test_a_key_is_the_same_after_a_restart_and_another_with_another_master(
    world: World,
) -> None:
    held = await served_and_issued(world, await world.volunteer())
    before, old = seal_of(held), certificate_keys.signer()
    certificate_keys.install(old.verifier.name, b"\1" * 32)
    try:
        assert seal_of(await certificate_of(held.id)) != before
        # The next certificate publishes the other key; both can be looked up.
        await served_and_issued(world, await world.volunteer())
        ids = [key.id for key in await certificate_keys.certificate_keys()]
        assert ids == [old.verifier.id.hex(), certificate_keys.signer().verifier.id.hex()]
    finally:
        certificate_keys.install(None)


def test_without_an_open_ledger_there_is_no_key() -> None:
    with pytest.raises(RuntimeError):
        certificate_keys.signer()
