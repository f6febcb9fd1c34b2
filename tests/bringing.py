"""Brought copies for the tests: what the role matrix asks of them."""

from typing import Any

from ledger.checkpoint import ED25519, Signer
from tests.world import World
from timebank.actors import Actor
from timebank.portability import copy_for

ELSEWHERE = Signer("bank.example/changsha", b"\x07" * 32, kind=ED25519)


async def things(world: World, subject: Actor) -> dict[str, Any]:
    """A file of this bank's own, which whoever may bring copies is told."""
    return {
        "bringCopy.number": await world.number_of(subject),
        "bringCopy.copy": await copy_for(subject),
        "bankKey": ELSEWHERE.verifier.text,
    }
