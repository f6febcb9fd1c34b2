"""Help offers on the wire: when somebody is ready to help, and what fits, masked."""

from datetime import date, datetime

import strawberry
from strawberry import ID

from schema.context import Input
from schema.fields import field
from schema.places import Station, read_stations
from schema.refusal import Info, Payload, mutation
from timebank import help_offers
from timebank.help_life import HelpKind
from timebank.help_offers import Window


@strawberry.type(description="A stretch of a weekday.")
class HelpWindow:
    weekday: int = strawberry.field(description="1 is Monday.")
    begins_minute: int = strawberry.field(description="Minutes after midnight.")
    ends_minute: int = strawberry.field(description="Minutes after midnight.")


@strawberry.type(description="When, and with what, you are ready to help.")
class HelpOffer:
    kinds: list[HelpKind] = strawberry.field(description="With what.")
    windows: list[HelpWindow] = strawberry.field(description="When.")
    at_home: bool = strawberry.field(description="Whether also alone with somebody, at home.")
    until: date = strawberry.field(description="The last day of the offer.")

    @classmethod
    def of(cls, held: help_offers.HelpOffer) -> "HelpOffer":
        """An offer as it is shown."""
        return cls(
            kinds=list(held.kinds),
            windows=[
                HelpWindow(weekday=one.weekday, begins_minute=one.begins, ends_minute=one.ends)
                for one in held.windows
            ],
            at_home=held.at_home,
            until=held.until,
        )


@strawberry.type(description="An order that waits for a helper; whose it is, only the helper sees.")
class OpenHelp:
    order: ID = strawberry.field(description="What to take.")
    kind: HelpKind = strawberry.field(description="What help.")
    starts: datetime = strawberry.field(description="When it is to begin.")
    minutes: int = strawberry.field(description="How many minutes it pays.")
    at_home: bool = strawberry.field(description="Whether the helper is alone with them, at home.")
    is_at_my_station: bool = strawberry.field(description="Whether it is of your own station.")
    where: strawberry.Private[str]

    @field
    async def station(self, info: Info) -> Station | None:
        """The station of whoever is to be served."""
        return await info.context.loaders.load(read_stations, self.where)


@strawberry.type
class Query:
    @field
    async def help_offer(self, info: Info) -> HelpOffer | None:
        """Your own offer of help, while it stands."""
        held = await help_offers.offer_of(info.context.actor)
        return HelpOffer.of(held) if held else None

    @field
    async def fitting_help(self, info: Info) -> list[OpenHelp]:
        """What waits in your street and fits your offer: at most 50, your station's first."""
        return [
            OpenHelp(
                order=ID(one.order),
                kind=one.kind,
                starts=one.starts,
                minutes=one.minutes,
                at_home=one.at_home,
                is_at_my_station=one.near,
                where=one.station,
            )
            for one in await help_offers.fitting_help(info.context.actor)
        ]


@strawberry.input(description="A stretch of a weekday.")
class HelpWindowInput:
    weekday: int = strawberry.field(description="1 is Monday.")
    begins_minute: int = strawberry.field(description="Minutes after midnight.")
    ends_minute: int = strawberry.field(description="Minutes after midnight.")


@strawberry.input
class OfferHelpInput(Input):
    kinds: list[HelpKind] = strawberry.field(description="With what.")
    windows: list[HelpWindowInput] = strawberry.field(description="When, at most 21 times a week.")
    at_home: bool = strawberry.field(description="Whether also alone with somebody, at home.")
    until: date = strawberry.field(description="The last day of the offer, within 90 days.")


@strawberry.type
class OfferHelpPayload(Payload):
    offer: HelpOffer | None = strawberry.field(default=None, description="Your offer.")


@strawberry.input
class EndHelpOfferInput(Input):
    pass


@strawberry.type
class EndHelpOfferPayload(Payload):
    pass


@strawberry.type
class Mutation:
    @mutation(OfferHelpPayload)
    async def offer_help(self, info: Info, input: OfferHelpInput) -> OfferHelpPayload:
        """Say when, and with what, you are ready to help; a newer offer takes over."""
        answer = await help_offers.offer_help(
            info.context.actor,
            kinds=input.kinds,
            windows=[
                Window(one.weekday, one.begins_minute, one.ends_minute) for one in input.windows
            ],
            at_home=input.at_home,
            until=input.until,
            key=info.context.key(input),
        )
        held = await help_offers.offer_of(info.context.actor)
        return OfferHelpPayload.of(answer, offer=HelpOffer.of(held) if held else None)

    @mutation(EndHelpOfferPayload)
    async def end_help_offer(self, info: Info, input: EndHelpOfferInput) -> EndHelpOfferPayload:
        """Take your offer of help back."""
        answer = await help_offers.end_help_offer(info.context.actor, key=info.context.key(input))
        return EndHelpOfferPayload.of(answer)
