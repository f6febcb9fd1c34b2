"""Deliveries on the wire: by what ways one wants to hear of notices outside, for oneself alone."""

from datetime import datetime

import strawberry

from schema.context import Context, Input
from schema.enums import show_enum
from schema.fields import field
from schema.refusal import Info, Payload, mutation
from timebank import deliveries, outbox
from timebank.deliveries import Pace
from timebank.transports import Channel

show_enum(
    Channel,
    "By what way a message leaves.",
    mail="By e-mail.",
    chat="To a chat tool.",
)
show_enum(
    Pace,
    "How often you are told.",
    at_once="Soon after a notice is sent.",
    daily="Once a day, for everything together.",
)


@strawberry.type(description="How you are told of notices outside of your inbox; for you alone.")
class Delivery:
    mail: str | None = strawberry.field(description="Your e-mail address, if you gave one.")
    chat: str | None = strawberry.field(description="Your chat tool's address, if you gave one.")
    pace: Pace = strawberry.field(description="How often.")
    daily_at_minute: int = strawberry.field(
        description="When the daily message is sent, in minutes of the day."
    )
    quiet_from_minute: int | None = strawberry.field(
        description="When nothing is sent any more; null where there are no quiet hours."
    )
    quiet_to_minute: int | None = strawberry.field(
        description="When it is sent again, on the day after where that is earlier."
    )
    details: bool = strawberry.field(
        description="Whether a message says how many notices ask for an answer, and by when."
    )
    told_at: datetime | None = strawberry.field(description="When a message left last.")
    failing: list[Channel] = strawberry.field(
        description="By what ways the last message did not leave."
    )


async def _own(context: Context) -> Delivery | None:
    held = await deliveries.delivery_of(context.actor)
    if held is None:
        return None
    addresses = await deliveries.addresses_of(held.person)
    given = {channel: addresses.get(channel) for channel in held.channels}
    going = await outbox.outgoing_of(context.actor)
    return Delivery(
        mail=given.get(Channel.MAIL),
        chat=given.get(Channel.CHAT),
        pace=held.pace,
        daily_at_minute=held.daily_at,
        quiet_from_minute=held.quiet_from,
        quiet_to_minute=held.quiet_to,
        details=held.details,
        told_at=held.told_at,
        failing=[one.channel for one in going if one.failed and one.channel in held.channels],
    )


@strawberry.type
class Query:
    @field
    async def delivery(self, info: Info) -> Delivery | None:
        """How you are told of notices outside of your inbox; null for not at all."""
        return await _own(info.context)

    @field
    async def delivery_channels(self) -> list[Channel]:
        """By what ways messages leave here."""
        return sorted(deliveries.channels(), key=lambda channel: channel.value)


@strawberry.input
class WantDeliveryInput(Input):
    mail: str | None = strawberry.field(default=None, description="Your e-mail address.")
    chat: str | None = strawberry.field(
        default=None,
        description="Your chat tool's address as apprise writes it, as dingtalk://token.",
    )
    pace: Pace = strawberry.field(default=Pace.DAILY, description="How often.")
    daily_at_minute: int = strawberry.field(
        default=9 * 60, description="When the daily message is sent, in minutes of the day."
    )
    quiet_from_minute: int | None = strawberry.field(
        default=None, description="When nothing is sent any more, in minutes of the day."
    )
    quiet_to_minute: int | None = strawberry.field(
        default=None, description="When it is sent again."
    )
    details: bool = strawberry.field(
        default=False,
        description="Whether you consent that a message says how many notices ask for an answer.",
    )


@strawberry.type
class WantDeliveryPayload(Payload):
    delivery: Delivery | None = strawberry.field(default=None, description="What you want now.")


@strawberry.type
class Mutation:
    @mutation(WantDeliveryPayload)
    async def want_delivery(self, info: Info, input: WantDeliveryInput) -> WantDeliveryPayload:
        """Say by what ways you want to hear of notices; without any, nothing is sent any more."""
        answer = await deliveries.want_delivery(
            info.context.actor,
            mail=input.mail,
            chat=input.chat,
            pace=input.pace,
            daily_at=input.daily_at_minute,
            quiet_from=input.quiet_from_minute,
            quiet_to=input.quiet_to_minute,
            details=input.details,
            language=info.context.language,
            key=info.context.key(input),
        )
        return WantDeliveryPayload.of(answer, delivery=await _own(info.context))
