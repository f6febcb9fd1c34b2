"""Standing by chance: stars, certificates, closed accounts, suspensions."""

from datetime import date
from typing import Any

from tests.chance import DAY, Chance
from tests.world import key
from timebank.actors import person
from timebank.certificate_issuing import issue_certificate, revoke_certificate
from timebank.certificate_life import CertificateRevokeReason, CertificateState
from timebank.certificates import Certificate, request_certificate
from timebank.clock import day_of
from timebank.closings import Rest, close_account, reopen_account
from timebank.estates import report_death, settle_estate
from timebank.merge_life import MergeGround
from timebank.merges import drop_merge, merge_people, propose_merge
from timebank.people import AgeBand, Person, reinstate_person, suspend_person
from timebank.person_life import SuspensionReason
from timebank.publicity import (
    PublicityObjection,
    PublicityReason,
    object_to_publicity,
)
from timebank.refusals import Refusal
from timebank.star_award_life import StarRevokeReason, StarState
from timebank.star_awards import StarAward, appeal_star, apply_for_star
from timebank.star_rulings import (
    award_star,
    publicise_star,
    revoke_star,
    rule_on_star_appeal,
    rule_on_star_objection,
)
from timebank.tables import find_many, select

GOING_ON = (
    StarState.APPLIED,
    StarState.PUBLICITY,
    StarState.AWARDED,
    StarState.REVOKED,
    StarState.APPEALED,
)


class Standing(Chance):
    """What happens to what somebody is."""

    async def star(self) -> None:
        """Somebody applies for a star."""
        await apply_for_star(self.one(), level=self.chance.choice((1, 1, 2)), key=key())

    async def on_star(self) -> bool:
        """The next step of a star's way."""
        held = await self.some(StarAward, state__in=[state.value for state in GOING_ON])
        if held is None:
            return False
        state = held.state
        award, who = held.id, self.officer(held.revoked_by)
        match state:
            case StarState.APPLIED:
                await publicise_star(who, award=award, key=key())
            case StarState.PUBLICITY if self.chance.random() < 0.2:
                reason = PublicityReason.HOURS_FALSE
                await object_to_publicity(self.one(), about=award, reason=reason, key=key())
            case StarState.PUBLICITY:
                for objection in await select(PublicityObjection, about=award):
                    if objection.decided_by is None:
                        uphold = self.chance.random() < 0.3
                        told: dict[str, Any] = {"objector": objection.person, "uphold": uphold}
                        await rule_on_star_objection(who, award=award, **told, key=key())
                self.world.clock.move(8 * DAY)
                await award_star(who, award=award, key=key())
            case StarState.AWARDED if self.chance.random() < 0.3:
                await revoke_star(who, award=award, reason=StarRevokeReason.HOURS_FALSE, key=key())
            case StarState.REVOKED:
                await appeal_star(person(held.person), award=award, appeal="请复核", key=key())
            case StarState.APPEALED:
                restore = self.chance.random() < 0.5
                await rule_on_star_appeal(who, award=award, restore=restore, key=key())
            case _:
                return False
        return True

    async def certificate(self) -> None:
        """A certificate is asked for, issued or revoked."""
        if held := await self.some(Certificate, state=CertificateState.REQUESTED.value):
            await issue_certificate(self.manager, certificate=held.id, key=key())
        elif self.chance.random() < 0.3 and (
            held := await self.some(Certificate, state=CertificateState.ISSUED.value)
        ):
            reason = CertificateRevokeReason.ISSUED_WRONGLY
            await revoke_certificate(self.manager, certificate=held.id, reason=reason, key=key())
        else:
            until = day_of(self.world.clock.now())
            await request_certificate(self.one(), since=date(2026, 1, 1), until=until, key=key())

    async def close(self) -> None:
        """An account is closed or opened again; somebody is said to have died."""
        who = self.one()
        match self.chance.randrange(5):
            case 0:
                await report_death(self.manager, person=who.id, key=key())
            case 1:
                await settle_estate(self.lead, person=who.id, key=key())
            case 2 | 3:
                await reopen_account(who, key=key())
            case _:
                await close_account(who, rest=self.chance.choice(list(Rest)), key=key())

    async def merge(self) -> None:
        """Two of one age turn out to be one person; by chance one officer sees it, another agrees.

        Where something is open, or both served at once, they stay two.
        """
        kept = self.one()
        ages = await find_many(AgeBand, [one.id for one in self.people])
        born = ages[kept.id].born if kept.id in ages else None
        twins = [one for one in self.people if one.id in ages and ages[one.id].born == born]
        gone = self.chance.choice(twins or [kept])
        made = await propose_merge(
            self.clerk,
            number=await self.world.number_of(gone),
            kept=await self.world.number_of(kept),
            ground=MergeGround.MOVED,
            key=key(),
        )
        try:
            await merge_people(self.lead, merge=made.merge, key=key())
        except Refusal:
            await drop_merge(self.clerk, merge=made.merge, key=key())
            raise
        self.people = [one for one in self.people if one.id != gone.id]

    async def suspend(self) -> None:
        """Somebody is suspended, or may act again."""
        who = self.one().id
        if self.chance.random() < 0.3:
            await suspend_person(self.lead, person=who, reason=SuspensionReason.CONDUCT, key=key())
        else:
            for held in await select(Person, state="suspended"):
                await reinstate_person(self.lead, person=held.id, key=key())
