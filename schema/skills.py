"""Skills on the wire: one's own, and what near one fits them."""

import strawberry

from schema.context import Context, Input
from schema.enums import show_enum
from schema.fields import field
from schema.help_offers import HelpWindow, HelpWindowInput
from schema.posts import ServicePost, read_posts
from schema.refusal import Info, Payload, mutation
from schema.wishes import Wish, read_wishes
from timebank import skills
from timebank.help_offers import Window
from timebank.posts import PostClass
from timebank.skills import Nearness
from timebank.wish_life import WishKind

show_enum(
    Nearness,
    "How near something is to your home.",
    community="In your community.",
    street="In your street.",
    district="In your district.",
)


@strawberry.type(description="What you can do, and when; for you alone.")
class Skills:
    classes: list[PostClass] = strawberry.field(description="Posts you would serve on.")
    kinds: list[WishKind] = strawberry.field(description="Wishes you would grant.")
    windows: list[HelpWindow] = strawberry.field(description="When you are free.")


@strawberry.type(description="A post near you.")
class NearPost:
    nearness: Nearness = strawberry.field(description="How near.")
    id: strawberry.Private[str]

    @field
    async def post(self, info: Info) -> ServicePost | None:
        """The post."""
        return await info.context.loaders.load(read_posts, self.id)


@strawberry.type(description="A wish near you.")
class NearWish:
    nearness: Nearness = strawberry.field(description="How near.")
    id: strawberry.Private[str]

    @field
    async def wish(self, info: Info) -> Wish | None:
        """The wish."""
        return await info.context.loaders.load(read_wishes, self.id)


async def _own(context: Context) -> Skills | None:
    held = await skills.skills_of(context.actor)
    if held is None:
        return None
    windows = [
        HelpWindow(weekday=one.weekday, begins_minute=one.begins, ends_minute=one.ends)
        for one in held.windows
    ]
    return Skills(classes=list(held.classes), kinds=list(held.kinds), windows=windows)


@strawberry.type
class Query:
    @field
    async def skills(self, info: Info) -> Skills | None:
        """What you said you can do; null for nothing."""
        return await _own(info.context)

    @field
    async def fitting_posts(self, info: Info) -> list[NearPost] | None:
        """Open posts near you that fit: at most 50, the nearest first, then the oldest."""
        found = await skills.fitting_posts(info.context.actor)
        if found is None:
            return None
        return [NearPost(nearness=one.nearness, id=one.id) for one in found]

    @field
    async def fitting_wishes(self, info: Info) -> list[NearWish]:
        """Wishes near you that fit: at most 50, the nearest first, then the longest waiting."""
        found = await skills.fitting_wishes(info.context.actor)
        return [NearWish(nearness=one.nearness, id=one.id) for one in found]


@strawberry.input
class NameSkillsInput(Input):
    classes: list[PostClass] = strawberry.field(description="Posts you would serve on.")
    kinds: list[WishKind] = strawberry.field(description="Wishes you would grant.")
    windows: list[HelpWindowInput] = strawberry.field(
        description="When you are free, at most 21 times a week."
    )


@strawberry.type
class NameSkillsPayload(Payload):
    skills: Skills | None = strawberry.field(default=None, description="What you said.")


@strawberry.type
class Mutation:
    @mutation(NameSkillsPayload)
    async def name_skills(self, info: Info, input: NameSkillsInput) -> NameSkillsPayload:
        """Say what you can do and when, so that what fits is found; nothing takes it back."""
        answer = await skills.name_skills(
            info.context.actor,
            classes=input.classes,
            kinds=input.kinds,
            windows=[
                Window(one.weekday, one.begins_minute, one.ends_minute) for one in input.windows
            ],
            key=info.context.key(input),
        )
        return NameSkillsPayload.of(answer, skills=await _own(info.context))
