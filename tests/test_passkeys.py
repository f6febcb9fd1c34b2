"""Passkeys: added, counted, taken away at home, at the counter and with the person."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path

import pytest

from tests.wire import act, ask
from tests.world import World, key, open_world
from timebank.access import Role
from timebank.actors import PUBLIC, Actor
from timebank.erasures import ask_erasure
from timebank.passkeys import (
    MOST,
    Passkey,
    PasskeyCopied,
    PasskeyHolder,
    PasskeyTaken,
    PasskeyUnknown,
    TooManyPasskeys,
    add_passkey,
    decide_counter,
    decide_passkey,
    digest_of,
    passkey_called,
    passkeys_of,
    remove_passkey,
    sign_in_by_passkey,
)
from timebank.refusals import Refusal, Unauthenticated
from timebank.sign_in import actor_of, open_session
from timebank.sign_in_resets import Credential, reset_sign_in
from timebank.tables import count
from timebank.vault import keyring

DAY = date(2026, 11, 20)


@pytest.fixture
async def world(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[World]:
    async with taking(database_url, tmp_path, monkeypatch) as made:
        yield made


@pytest.fixture
async def city(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[World]:
    async with taking(sqlite_url, tmp_path, monkeypatch) as made:
        yield made


@asynccontextmanager
async def taking(
    url: str, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[World]:
    """A city that takes passkeys."""
    async with open_world(url, directory) as made:
        made.settings = made.settings.model_copy(update={"passkeys": True})
        monkeypatch.setattr(keyring(), "settings", made.settings)
        yield made


async def added(who: Actor, name: str = "phone", counter: int = 0) -> str:
    """A passkey of somebody, by what it is removed by."""
    credential = name.encode()
    await add_passkey(who, credential=credential, key=b"key", counter=counter)
    return digest_of(credential)


# Decisions


@pytest.mark.parametrize(
    ("held", "there", "refusal"),
    [
        (0, False, None),
        (MOST - 1, False, None),
        (MOST, False, TooManyPasskeys),
        (0, True, PasskeyTaken),
    ],
)
def test_a_person_has_a_few_passkeys_each_once(
    held: int, there: bool, refusal: type[Refusal] | None
) -> None:
    some = PasskeyHolder("per_1", ("d",) * held)
    if refusal is None:
        decide_passkey(some, there=there)
        return
    with pytest.raises(refusal):
        decide_passkey(some, there=there)


@pytest.mark.parametrize(
    ("kept", "said", "holds"),
    [
        (0, 0, True),
        (0, 1, True),
        (4, 5, True),
        (4, 9, True),
        (4, 4, False),
        (4, 3, False),
        (4, 0, False),
    ],
)
def test_a_passkey_that_lags_behind_was_copied(kept: int, said: int, holds: bool) -> None:
    passkey = Passkey("d", "per_1", b"", kept, DAY)
    if holds:
        assert decide_counter(passkey, said).counter == said
        return
    with pytest.raises(PasskeyCopied):
        decide_counter(passkey, said)


# Records


@pytest.mark.anyio
async def test_a_passkey_opens_its_owners_account_until_it_is_removed(world: World) -> None:
    who, other = await world.volunteer(), await world.volunteer()
    phone = await added(who, counter=3)
    with pytest.raises(PasskeyTaken):
        await added(other)
    for no, counter in ((PasskeyCopied, 3), (PasskeyCopied, 0)):
        with pytest.raises(no):
            await sign_in_by_passkey(credential=b"phone", counter=counter)
    assert (await sign_in_by_passkey(credential=b"phone", counter=4)).person == who.person
    with pytest.raises(PasskeyCopied):
        await sign_in_by_passkey(credential=b"phone", counter=4)
    told = await ask(world, who, "{ passkeysOffered passkeys { name addedOn } }")
    assert told == {
        "passkeysOffered": True,
        "passkeys": [{"name": phone, "addedOn": str(world.clock.now().date())}],
    }
    assert await passkeys_of(other) == []
    # Another's and one that nobody has look the same.
    for actor, name in ((other, phone), (who, digest_of(b"none"))):
        refused = await act(world, actor, "removePasskey", "removed", passkey=name)
        assert [one["code"] for one in refused["userErrors"]] == ["NOT_FOUND"]
    assert (await act(world, who, "removePasskey", "removed", passkey=phone))["removed"]
    with pytest.raises(PasskeyUnknown):
        await sign_in_by_passkey(credential=b"phone", counter=9)
    for attempt in (added(PUBLIC), passkeys_of(PUBLIC), remove_passkey(PUBLIC, passkey=phone)):
        with pytest.raises(Unauthenticated):
            await attempt


@pytest.mark.anyio
async def test_so_many_and_no_more_are_added(city: World) -> None:
    who = await city.volunteer()
    for n in range(MOST):
        await added(who, f"phone {n}")
    with pytest.raises(TooManyPasskeys):
        await added(who, "one more")
    await remove_passkey(who, passkey=digest_of(b"phone 0"))
    await added(who, "one more")


@pytest.mark.anyio
async def test_of_many_added_at_once_no_more_stand(world: World) -> None:
    who = await world.volunteer()
    tried = [added(who, f"phone {n}") for n in range(MOST + 1)]
    ended = await asyncio.gather(*tried, return_exceptions=True)
    assert [type(one) for one in ended if not isinstance(one, str)] == [TooManyPasskeys]
    assert len(await passkeys_of(who)) == MOST


@pytest.mark.anyio
async def test_a_passkey_dies_at_the_counter_and_with_the_person(world: World) -> None:
    who, other, clerk = (
        await world.volunteer(),
        await world.volunteer(),
        world.staff[Role.STATION_CLERK],
    )
    await added(who)
    await added(other, "tablet")
    before = await open_session(who.person or "")
    number = await world.number_of(who)
    await reset_sign_in(clerk, number=number, what=Credential.PASSWORD)
    assert len(await passkeys_of(who)) == 1
    await reset_sign_in(clerk, number=number, what=Credential.PASSKEY)
    assert not (await actor_of(before.token)).known
    assert (len(await passkeys_of(who)), len(await passkeys_of(other))) == (0, 1)
    await added(who)
    await ask_erasure(who, key=key())
    assert (await count(Passkey), await passkey_called(b"phone")) == (1, None)


@pytest.mark.anyio
async def test_of_staff_the_roles_rest_until_the_second_factor(city: World) -> None:
    await added(city.staff[Role.STATION_CLERK])
    opened = await sign_in_by_passkey(credential=b"phone", counter=0)
    actor = await actor_of(opened.token)
    assert (actor.staff, actor.unproved) == (False, True)


@pytest.mark.anyio
async def test_what_is_kept_is_sealed(city: World) -> None:
    await added(await city.volunteer(), "a name that is looked for")
    await add_passkey(await city.volunteer(), credential=b"x", key=b"k" * 40, counter=0)
    kept = b"".join(file.read_bytes() for file in Path(city.settings.data).parent.glob("*.db*"))
    assert digest_of(b"x").encode() in kept
    assert b"k" * 40 not in kept
    # Nor does it say what a device calls its passkey.
    assert b"a name that is looked for".hex().encode() not in kept
