"""Help parties: helper and served reach each other while an order is open, and no longer."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.helping import Street, open_street
from tests.world import key
from timebank.access import Role
from timebank.actors import PUBLIC, Actor
from timebank.given_consents import ConsentPurpose, withdraw_consent
from timebank.help_parties import Party, parties_of
from timebank.matching import withdraw_from_help
from timebank.settlements import confirm_help


@pytest.fixture
async def street(database_url: str, tmp_path: Path) -> AsyncIterator[Street]:
    async with open_street(database_url, tmp_path) as made:
        yield made


async def met(street: Street, actor: Actor, order: str, who: Actor) -> Party | None:
    """What an actor sees of somebody over an order."""
    seat = (await street.at(order), who.id)
    return (await parties_of(actor, [seat])).get(seat)


@pytest.mark.anyio
async def test_names_are_masked_before_an_order_is_matched_and_after_it_is_over(
    street: Street,
) -> None:
    order = await street.order()
    for who in (street.helper, street.other, PUBLIC, street.world.staff[Role.DISTRICT_REGISTRAR]):
        assert await met(street, who, order, street.elder) is None
    taken = await street.delivered()
    seen = await met(street, street.helper, taken, street.elder)
    assert seen
    assert seen.number == await street.world.number_of(street.elder)
    assert seen.name
    assert seen.phone
    back = await met(street, street.elder, taken, street.helper)
    assert back
    assert back.name
    assert await met(street, street.other, taken, street.elder) is None

    await confirm_help(street.elder, order=taken, key=key())
    assert await met(street, street.helper, taken, street.elder) == Party(number=seen.number)


@pytest.mark.anyio
async def test_of_who_does_not_consent_only_the_name_is_told(street: Street) -> None:
    taken = await street.delivered()
    await withdraw_consent(street.elder, purpose=ConsentPurpose.PARTNER_PHONE, key=key())
    seen = await met(street, street.helper, taken, street.elder)
    back = await met(street, street.elder, taken, street.helper)
    assert seen
    assert (bool(seen.name), seen.phone) == (True, None)
    assert back
    assert back.phone


@pytest.mark.anyio
async def test_whoever_gives_an_order_back_forgets_whose_it_was(street: Street) -> None:
    order = await street.matched()
    assert await met(street, street.helper, order, street.elder)
    await withdraw_from_help(street.helper, order=order, key=key())
    assert await met(street, street.helper, order, street.elder) is None
