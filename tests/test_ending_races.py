"""An organisation ends while it is promised and paid: whoever is second sees what the first did."""

import asyncio
from collections.abc import Awaitable
from datetime import date
from typing import Any

import pytest

from tests.funding import YEAR, fund_officer
from tests.granting import CONTRACT, Applicant, applicant, awarded, called, midterm, running
from tests.organising import organisation_of, registrar
from tests.projects import officer_of, paid
from tests.world import World, key
from timebank import replay
from timebank.access import Role
from timebank.funding.commitments import Commitment
from timebank.funding.grant_awards import NotAccountedFor, contract_grant
from timebank.funding.payments import approve_payment, pay_tranche, prepare_payment
from timebank.funding.spending import refund_funds
from timebank.funding.tranches import tranche_key
from timebank.journal import write
from timebank.organisation_endings import (
    deregister_organisation,
    dissolve_organisation,
    end_liquidation,
)
from timebank.organisation_life import EndReason, OrganisationState
from timebank.organisations import OrganisationNotActive
from timebank.tables import find

pytestmark = pytest.mark.anyio

LATE = date(YEAR, 12, 20)


async def dissolving(who: Applicant) -> None:
    """Its members decided to end it."""
    reason = EndReason.DECIDED
    await dissolve_organisation(who.leader, organisation=who.organisation, reason=reason, key=key())


async def test_what_is_promised_and_paid_just_before_the_write_is_seen_by_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    who, call = await applicant(world), await called(world)

    async def later(*given: Any, **more: Any) -> Any:
        """Whatever the command read beforehand, all of this comes between."""
        monkeypatch.setattr("timebank.organisation_endings.write", write)
        grant = await awarded(world, who, call)
        await contract_grant(await fund_officer(world), grant=grant, contract=CONTRACT, key=key())
        await paid(world, grant, 1)
        await dissolving(who)
        return await write(*given, **more)

    monkeypatch.setattr("timebank.organisation_endings.write", later)
    with pytest.raises(NotAccountedFor):
        await end_liquidation(who.leader, organisation=who.organisation, key=key())
    assert not (await organisation_of(who.organisation)).wound_up
    assert (await replay.compare(world.settings.database_url)).differing == 0


@pytest.mark.parametrize("first", ["ends", "is paid"])
async def test_of_a_payment_and_an_ending_at_once_one_wins(world: World, first: str) -> None:
    cashier = await officer_of(world, Role.STREET_CASHIER)
    checker = await officer_of(world, Role.STREET_CHECKER)
    both = []
    for _ in range(3):
        who = await applicant(world)
        grant = await running(world, who, await called(world, until=LATE))
        await midterm(world, who, grant)
        second = tranche_key(grant, 2)
        await prepare_payment(cashier, tranche=second, key=key())
        await approve_payment(checker, tranche=second, key=key())
        fen = (await promised_to(grant)).paid
        await refund_funds(who.books, commitment=grant, fen=fen, key=key())
        await dissolving(who)
        await end_liquidation(who.leader, organisation=who.organisation, key=key())
        both.append((who.organisation, grant))
    acts: list[Awaitable[Any]] = []
    for id, grant in both:
        end = deregister_organisation(registrar(world), organisation=id, key=key())
        pay = pay_tranche(cashier, tranche=tranche_key(grant, 2), reference="1", key=key())
        acts += [end, pay] if first == "ends" else [pay, end]
    told = await asyncio.gather(*acts, return_exceptions=True)
    refused = [one for one in told if isinstance(one, BaseException)]
    assert len(refused) == len(both)
    assert {type(one) for one in refused} <= {NotAccountedFor, OrganisationNotActive}
    for id, grant in both:
        ended = (await organisation_of(id)).state is OrganisationState.DEREGISTERED
        assert ended is ((await promised_to(grant)).paid == 0)
    assert (await replay.compare(world.settings.database_url)).differing == 0


async def promised_to(grant: str) -> Commitment:
    """What is promised and paid."""
    held = await find(Commitment, grant)
    assert held
    return held
