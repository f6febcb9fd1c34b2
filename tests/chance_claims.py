"""Dual claim by chance: reports, posts and wishes, and what becomes of them."""

from typing import Any

from tests.chance import Chance
from tests.membership import open_service_post
from tests.wishing import told
from tests.world import COMMUNITY, key
from timebank.access import Role
from timebank.actors import Actor, person
from timebank.aliases import people_of_aliases
from timebank.hours import Record
from timebank.member_life import CLAIMING, ReportState
from timebank.member_reports import (
    MemberReport,
    reconfirm_membership,
    report_membership,
    withdraw_membership,
)
from timebank.post_claim_life import ClaimState, Evaluation
from timebank.post_claims import (
    PostClaim,
    begin_post,
    claim_post,
    complete_post,
    confirm_claim,
    evaluate_claim,
    leave_post,
)
from timebank.post_services import name_service
from timebank.posts import PostState, ServicePost
from timebank.record_life import RecordState
from timebank.report_reviews import activate_report, receive_report
from timebank.tables import select
from timebank.teams import Team
from timebank.wish_checks import approve_wish, decline_wish, publish_wish
from timebank.wish_claims import WishClaim, claim_wish
from timebank.wish_closings import close_by_code, close_by_link, code_of_wish, link_of
from timebank.wish_granting import (
    contact_resident,
    extend_wish,
    fulfil_by_community,
    fulfil_wish,
    give_wish_back,
)
from timebank.wish_life import LISTED, ClaimantKind, WishDeclineReason, WishRating, WishState
from timebank.wishes import Wish

ACTIVE = [state.value for state in CLAIMING]
REPORTED = [ReportState.SUBMITTED.value, ReportState.RECEIVED.value, *ACTIVE]
CLAIMS = (ClaimState.CLAIMED, ClaimState.CONFIRMED, ClaimState.SERVING, ClaimState.COMPLETED)
WISHES = (
    *(WishState.COLLECTED, WishState.APPROVED, WishState.CLAIMED, WishState.IN_PROGRESS),
    *(WishState.FULFILLED, WishState.COMMUNITY, *LISTED),
)


class Claims(Chance):
    """What happens where members, posts and wishes meet."""

    @property
    def secretary(self) -> Actor:
        """The Party secretary of the community."""
        return self.world.staff[Role.PARTY_SECRETARY]

    async def who(self, alias: str) -> Actor:
        """Whose alias it is."""
        return person((await people_of_aliases([alias]))[alias])

    async def report(self) -> None:
        """Somebody reports to the community, or says that they still stand by it."""
        held = await self.some(MemberReport, state__in=REPORTED)
        if held is None or self.chance.random() < 0.4:
            await report_membership(self.one(), community=COMMUNITY, consent=True, key=key())
        elif held.state is ReportState.SUBMITTED:
            await receive_report(self.secretary, report=held.id, key=key())
        elif held.state is ReportState.RECEIVED:
            await activate_report(self.secretary, report=held.id, key=key())
        elif self.chance.random() < 0.2:
            await withdraw_membership(await self.who(held.member), key=key())
        else:
            await reconfirm_membership(await self.who(held.member), key=key())

    async def post(self) -> None:
        """A place in a post is taken; where no post is open, one is offered."""
        held = await self.some(ServicePost, state=PostState.OPEN.value)
        active = await self.some(MemberReport, state__in=ACTIVE)
        if held is None or active is None or self.chance.random() < 0.1:
            await open_service_post(self.world)
        else:
            await claim_post(await self.who(active.member), post=held.id, key=key())

    async def on_post(self) -> bool:
        """The next step of a claim on a post, or the way out of it."""
        held = await self.some(PostClaim, state__in=[state.value for state in CLAIMS])
        if held is None:
            return False
        member = await self.who(held.member)
        match held.state:
            case ClaimState.COMPLETED:
                how = self.chance.choice(list(Evaluation))
                await evaluate_claim(
                    self.secretary, claim=held.id, evaluation=how, remark="按时到岗", key=key()
                )
            case _ if self.chance.random() < 0.15:
                await leave_post(member, claim=held.id, key=key())
            case ClaimState.CLAIMED:
                await confirm_claim(self.secretary, claim=held.id, key=key())
            case ClaimState.CONFIRMED:
                await begin_post(member, claim=held.id, key=key())
            case _ if self.chance.random() < 0.5:
                mine = {"volunteer": member.id, "state": RecordState.POSTED.value}
                if served := await self.some(Record, **mine):
                    await name_service(member, claim=held.id, record=served.id, key=key())
            case _:
                await complete_post(member, claim=held.id, key=key())
        return True

    async def wish(self) -> None:
        """A wish is told at the counter, or by a volunteer for themselves."""
        by = self.one() if self.chance.random() < 0.3 else None
        await told(self.world, by=by, may_publish=self.chance.random() < 0.9)

    async def on_wish(self) -> bool:
        """The next step of a wish, or another one."""
        held = await self.some(Wish, state__in=[state.value for state in WISHES])
        if held is None:
            return False
        wish, turn = held.id, self.chance.random()
        match held.state:
            case WishState.COLLECTED if turn < 0.15:
                reason = WishDeclineReason.NOT_A_NEED
                await decline_wish(self.manager, wish=wish, reason=reason, key=key())
            case WishState.COLLECTED:
                await approve_wish(self.manager, wish=wish, key=key())
            case WishState.APPROVED:
                asked_again = turn < 0.8
                await publish_wish(
                    self.manager, wish=wish, summary="修水龙头", consent=asked_again, key=key()
                )
            case WishState.COMMUNITY:
                await fulfil_by_community(self.manager, wish=wish, key=key())
            case WishState.CLAIMED | WishState.IN_PROGRESS:
                await self._grant(held, turn)
            case WishState.FULFILLED:
                await self._answer(wish, granted=turn > 0.2)
            case _:
                await self._claim(wish, turn)
        return True

    async def _claim(self, wish: str, turn: float) -> None:
        if turn < 0.5:
            (team, *_) = await select(Team, order=["id"])
            leader = self.world.staff[Role.TEAM_LEADER]
            await claim_wish(leader, wish=wish, claimant=team.id, key=key())
        elif active := await self.some(MemberReport, state__in=ACTIVE):
            await claim_wish(await self.who(active.member), wish=wish, key=key())
        else:
            await claim_wish(self.one(), wish=wish, key=key())

    async def _grant(self, held: Wish, turn: float) -> None:
        (claim,) = await select(WishClaim, id=held.claim)
        by_team = claim.kind is ClaimantKind.TEAM
        whose = self.world.staff[Role.TEAM_LEADER] if by_team else await self.who(claim.claimant)
        if turn < 0.15:
            await give_wish_back(whose, claim=claim.id, key=key())
        elif held.state is WishState.CLAIMED:
            await contact_resident(whose, claim=claim.id, key=key())
        elif turn < 0.3:
            await extend_wish(whose, claim=claim.id, key=key())
        else:
            await fulfil_wish(whose, claim=claim.id, key=key())

    async def _answer(self, wish: str, *, granted: bool) -> None:
        word: dict[str, Any] = {"granted": granted, "rating": WishRating.GOOD, "key": key()}
        if self.chance.random() < 0.5:
            await close_by_code(self.clerk, wish=wish, code=code_of_wish(wish), **word)
        else:
            await close_by_link(self.one(), link=link_of(wish), **word)
