"""Notices on the wire: one's own inbox, and what the counter has to tell."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from datetime import date, datetime
from functools import partial
from typing import Annotated

import strawberry
from strawberry import ID

from schema.context import Context, Input
from schema.enums import show_enum
from schema.fields import field, followed
from schema.ledger import ENTRIES
from schema.nodes import Node, answers_for, find_node
from schema.paging import Connection, Listing, Page, paged
from schema.refusal import Info, Payload, mutation
from schema.scalars import Long
from timebank import notices
from timebank.notices import Arrival, NoticeCode
from timebank.refusals import Unauthenticated
from timebank.tail import changes

INBOX = Listing("notices", str)
TO_TELL = Listing("noticesToTell", str)

Whom = Annotated[ID, strawberry.argument(description="Who is to be told.")]

show_enum(
    NoticeCode,
    "What a notice says.",
    hours_to_accept="A record of your service is confirmed; accept it, or say that it is not you.",
    hours_counted="You did not answer, so the minutes count; accepting them may earn credit.",
    hours_rejected="A record of your service was not confirmed.",
    hours_reversed="A record of your service was taken back; you may ask for a review.",
    objection_raised="An objection was raised that concerns you.",
    objection_answered="The district answered an objection that concerns you.",
    objection_decided="An objection that concerns you was decided.",
    review_asked="Somebody asked for the review of an objection that concerns you.",
    finding_made="The district found misconduct in records that concern you; you may appeal.",
    finding_appealed="Your proxy asked for the review of a finding that touches you.",
    finding_reviewed="The review of a finding that touches you was decided.",
    kin_proposed="Somebody registers you as their kin; agree or decline.",
    household_invited="Somebody says that you live with them; agree or decline.",
    gift_offered="Somebody offers you minutes; accept or decline them.",
    gift_accepted="Your gift was accepted.",
    gift_returned="Your gift came back: declined, taken back or not accepted in time.",
    account_dormant="Nothing moved on your account for long; nothing is lost.",
    member_report_received="Your community's secretary has your report.",
    member_report_active="Your report is in order; you may claim posts and wishes.",
    member_report_returned="Your report was given back; its reason stands there.",
    wish_decided="Your wish was handed on or declined; its link says to whom, or why.",
    wish_fulfilled="Your wish was granted, as its claimant says; say whether it was.",
    member_report_lapsed="Your report lapsed; reconfirm it to claim again.",
    unit_statement_ready="A statement for your work unit lies before you; nobody else has it.",
    activity_held="The district stopped an activity that you organise.",
    activity_released="The district let an activity that you organise go on.",
    activity_voided="The district made an activity that you organise void.",
    activity_cancelled="An activity for which you have or await a seat was called off.",
    roster_overdue="The roster of an activity that you organise is overdue; file it.",
    seat_given="A seat was given back, and you have it; give it back if you cannot come.",
    visit_unconfirmed="You did not check out; let the station record the times by hand.",
    star_to_endorse="Somebody asks your organisation to endorse five stars.",
    star_endorsed="An organisation endorsed your application for five stars.",
    star_publicised="Your application for a star is laid open to everybody.",
    star_awarded="A star was awarded to you.",
    star_declined="Your application for a star was declined.",
    star_revoked="A star of yours was revoked; you may appeal once.",
    star_appeal_decided="Your appeal for a star was decided.",
    publicity_upheld="Your objection to what was laid open was upheld.",
    publicity_dismissed="Your objection to what was laid open was dismissed.",
    reward_ready="The reward that you ordered waits for you at the station.",
    reward_cancelled="The station cancelled your order for a reward; its minutes are yours again.",
    help_matched="An order for help that concerns you has a helper.",
    help_unmatched="The helper cannot come; the order for help waits for another.",
    help_escalated="Nobody has taken your order for help yet; others look for a helper now.",
    help_lapsed="Nothing came of an order for help in time; what was held went back.",
    help_no_show="It was reported that the helper of an order did not come.",
    help_disputed="Help that you reported is disputed; a third hand decides.",
    help_decided="A dispute about help was decided.",
    help_to_confirm="Help was given to you; confirm it.",
    help_settled="Help that you gave was confirmed and is paid.",
    organisation_decided="The state of an organisation that you founded or stand for changed.",
    report_due="The annual report of your organisation is due.",
    report_returned="Fields of your organisation's annual report are to be put right.",
    report_accepted="The annual report of your organisation is accepted.",
    grant_moved="What your organisation asked of a call came to its next state.",
    grant_due="A report of what your organisation was given is due soon.",
    grant_late="A report of what your organisation was given is late.",
    payment_made="A part of what your organisation was promised was paid.",
    payment_withheld="A part of what your organisation was promised is held back.",
    payment_bounced="The bank sent a payment to your organisation back.",
    project_moved="A project that you proposed came to its next state.",
    people_merged="A second registration of yours went into the one you have.",
    home_changed="Your station changed your home station; you can change it yourself.",
    help_cancelled="An order for help that concerns you was cancelled.",
    certificate_issued="A certificate of your service was issued.",
    certificate_declined="The certificate you asked for was not issued.",
    certificate_revoked="A certificate of your service was revoked.",
)
show_enum(
    Arrival,
    "How a notice arrived.",
    inbox="In an inbox that is read.",
    counter="Told in person at the counter.",
)


@strawberry.type(description="Something a person is told.")
class Notice(Node):
    code: NoticeCode = strawberry.field(description="What it says.")
    sent_at: datetime = strawberry.field(description="When it was sent.")
    arrived_on: date | None = strawberry.field(description="When it arrived, if it has.")
    way: Arrival | None = strawberry.field(description="How it arrived, if it has.")
    answer_by: date | None = strawberry.field(
        description="The last day for an answer; null where none is asked for, or none runs yet."
    )
    read_at: datetime | None = strawberry.field(description="When it was marked as read.")
    about_id: strawberry.Private[str]

    @field
    async def about(self, info: Info) -> Node | None:
        """What it is about, if you may see that."""
        return await find_node(info.context, self.about_id)

    @classmethod
    def of(cls, held: notices.Notice) -> "Notice":
        """A notice as it is shown."""
        return cls(
            id=ID(held.id),
            code=held.code,
            sent_at=held.sent_at,
            arrived_on=held.arrived_on,
            way=held.way,
            answer_by=held.answer_by,
            read_at=held.read_at,
            about_id=held.about,
        )


async def read_notices(context: Context, ids: Sequence[str]) -> dict[str, Notice]:
    """Notices, for the loader; whatever the asker may not see is missing."""
    seen = await notices.visible_notices(context.actor, ids)
    return {id: Notice.of(held) for id, held in seen.items()}


answers_for("ntc", read_notices)


@strawberry.type
class Query:
    @paged
    async def notices(
        self,
        page: Page,
        info: Info,
    ) -> Connection[Notice]:
        """Your inbox, the newest first. Reading it is recorded once a day: what waits arrives."""
        return await page.of(INBOX, notices.inbox_of, info.context.actor, node=Notice.of)

    @field
    async def unread_notices(self, info: Info) -> Long | None:
        """How many of your notices are not marked as read; null where nobody is signed in."""
        actor = info.context.actor
        return Long(await notices.unread_notices(actor)) if actor.person else None

    @paged
    async def notices_to_tell(
        self,
        page: Page,
        info: Info,
        person: Whom,
    ) -> Connection[Notice]:
        """What has not reached a person of your station, for the counter to tell."""
        return await page.of(
            TO_TELL, notices.notices_to_tell, info.context.actor, str(person), node=Notice.of
        )


@strawberry.type(description="That something changed in your inbox; what it says is asked for.")
class InboxChanged:
    cursor: str = strawberry.field(
        description="How far the ledger had come: a cursor of `ledger.entries`."
    )
    unread_notices: Long = strawberry.field(description="How many notices you have not read.")


@strawberry.type
class Subscription:
    @followed
    async def inbox(self, info: Info) -> AsyncGenerator[InboxChanged, None]:
        """How many unread notices you have: now, and whenever that changes. Opens no inbox."""
        actor = info.context.actor
        if actor.person is None:
            raise Unauthenticated
        async with aclosing(changes(partial(notices.unread_notices, actor))) as told:
            async for size, unread in told:
                yield InboxChanged(cursor=ENTRIES.cursor((size - 1,)), unread_notices=Long(unread))


@strawberry.input
class MarkNoticesReadInput(Input):
    notices: list[ID] = strawberry.field(description="1 to 500 notices of your own.")


@strawberry.type
class MarkNoticesReadPayload(Payload):
    notices: list[Notice] = strawberry.field(
        default_factory=list, description="The notices, as they are now."
    )


@strawberry.input
class TellInPersonInput(Input):
    person: ID = strawberry.field(description="Who was told.")


@strawberry.type
class TellInPersonPayload(Payload):
    notices: list[Notice] = strawberry.field(
        default_factory=list, description="What the person has been told."
    )


async def _shown(info: Info, ids: Sequence[str]) -> list[Notice]:
    seen = await read_notices(info.context, ids)
    return [seen[id] for id in ids if id in seen]


@strawberry.type
class Mutation:
    @mutation(MarkNoticesReadPayload)
    async def mark_notices_read(
        self, info: Info, input: MarkNoticesReadInput
    ) -> MarkNoticesReadPayload:
        """Mark notices of your own as read."""
        answer = await notices.mark_read(
            info.context.actor,
            notices=[str(id) for id in input.notices],
            key=info.context.key(input),
        )
        return MarkNoticesReadPayload.of(answer, notices=await _shown(info, answer.notices))

    @mutation(TellInPersonPayload)
    async def tell_in_person(self, info: Info, input: TellInPersonInput) -> TellInPersonPayload:
        """Record that you told somebody at your counter everything that waited for them."""
        answer = await notices.tell_in_person(
            info.context.actor, person=str(input.person), key=info.context.key(input)
        )
        return TellInPersonPayload.of(answer, notices=await _shown(info, answer.notices))
