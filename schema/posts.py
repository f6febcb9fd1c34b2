"""Service posts on the wire: open ones for everybody, drafts for their secretary.

Null while the policy has dual claim switched off.
"""

from collections.abc import Sequence
from datetime import date
from typing import Annotated

import strawberry
from strawberry import ID

from schema.activities import read_titles
from schema.context import Context, Input, anew
from schema.divisions import Area, read_areas
from schema.enums import show_enum
from schema.fields import field
from schema.nodes import Node, answers_for
from schema.paging import Connection, Listing, Page, paged
from schema.refusal import Info, Payload, mutation
from timebank import posts
from timebank.aliases import module_enabled
from timebank.posts import PostClass, PostState

POSTS = Listing("posts", str)
Below = Annotated[str, strawberry.argument(description="The path of an area: posts in it.")]
InState = Annotated[PostState, strawberry.argument(description="How far they are.")]

show_enum(
    PostClass,
    "What a post is for.",
    organisation_building="Building up organisations.",
    legal_aid="Legal aid.",
    help_for_the_needy="Help for the poor, disabled people and job-seekers.",
    governance="Governance of the community.",
    health="Health.",
    culture_and_sport="Culture and sport.",
    safety_and_patrol="Safety and patrols.",
    other="Anything else.",
)
show_enum(
    PostState,
    "The life of a post.",
    draft="Drafted; only its secretary sees it.",
    open="Members may claim it.",
    full="Every place is taken.",
    closed="Over.",
)


@strawberry.type(description="A service post of a community, for a term.")
class ServicePost(Node):
    post_class: PostClass = strawberry.field(description="What it is for.")
    state: PostState = strawberry.field(description="How far it is.")
    places: int = strawberry.field(description="How many places it has.")
    taken: int = strawberry.field(description="How many of them are taken.")
    first_day: date = strawberry.field(description="The first day of its term.")
    last_day: date = strawberry.field(description="The last day of its term.")
    weekdays: list[int] = strawberry.field(description="On which days, 1 to 7 from Monday.")
    from_minute: int = strawberry.field(description="From which minute of the day.")
    to_minute: int = strawberry.field(description="Until which minute of the day.")
    lies_in: strawberry.Private[str]

    @field
    async def title(self, info: Info) -> str:
        """What it is called."""
        return await info.context.loaders.load(read_titles, str(self.id)) or ""

    @field
    async def community(self, info: Info) -> Area | None:
        """Whose it is."""
        return await info.context.loaders.load(read_areas, self.lies_in)

    @classmethod
    def of(cls, held: posts.ServicePost) -> "ServicePost":
        """A post as it is shown."""
        return cls(
            id=ID(held.id),
            post_class=held.post_class,
            state=held.state,
            places=held.places,
            taken=held.taken,
            first_day=held.first_day,
            last_day=held.last_day,
            weekdays=list(held.weekdays),
            from_minute=held.from_minute,
            to_minute=held.to_minute,
            lies_in=held.community,
        )


async def read_posts(context: Context, ids: Sequence[str]) -> dict[str, ServicePost]:
    """Posts, for the loader; whatever the asker may not see is missing."""
    seen = await posts.visible_posts(context.actor, list(ids))
    return {id: ServicePost.of(held) for id, held in seen.items()}


answers_for("pst", read_posts)


@strawberry.type
class Query:
    @paged
    async def posts(
        self,
        page: Page,
        info: Info,
        scope: Below,
        state: InState = PostState.OPEN,
    ) -> Connection[ServicePost] | None:
        """The posts of an area, the oldest first."""
        if not await module_enabled():
            return None

        return await page.of(
            POSTS,
            posts.posts_below,
            info.context.actor,
            scope,
            state,
            node=ServicePost.of,
        )


@strawberry.input
class DraftPostInput(Input):
    community: ID = strawberry.field(description="The community, by code.")
    post_class: PostClass = strawberry.field(description="What it is for.")
    title: str = strawberry.field(description="What it is called, at most 80 characters.")
    places: int = strawberry.field(description="How many places it has.")
    first_day: date = strawberry.field(description="The first day of its term.")
    last_day: date = strawberry.field(description="The last day of its term.")
    weekdays: list[int] = strawberry.field(description="On which days, 1 to 7 from Monday.")
    from_minute: int = strawberry.field(description="From which minute of the day.")
    to_minute: int = strawberry.field(description="Until which minute of the day.")


@strawberry.type
class DraftPostPayload(Payload):
    post: ServicePost | None = strawberry.field(default=None, description="The draft.")


@strawberry.input
class OpenPostInput(Input):
    post: ID = strawberry.field(description="Which post.")


@strawberry.type
class OpenPostPayload(Payload):
    post: ServicePost | None = strawberry.field(default=None, description="The post, open.")


@strawberry.input
class ClosePostInput(Input):
    post: ID = strawberry.field(description="Which post.")


@strawberry.type
class ClosePostPayload(Payload):
    post: ServicePost | None = strawberry.field(default=None, description="The post, closed.")


_shown = anew(read_posts)


@strawberry.type
class Mutation:
    @mutation(DraftPostPayload)
    async def draft_post(self, info: Info, input: DraftPostInput) -> DraftPostPayload:
        """Draft a service post of your community."""
        answer = await posts.draft_post(
            info.context.actor,
            community=input.community,
            post_class=input.post_class,
            title=input.title,
            places=input.places,
            first_day=input.first_day,
            last_day=input.last_day,
            weekdays=tuple(input.weekdays),
            from_minute=input.from_minute,
            to_minute=input.to_minute,
            key=info.context.key(input),
        )
        return DraftPostPayload.of(answer, post=await _shown(info, answer.post))

    @mutation(OpenPostPayload)
    async def open_post(self, info: Info, input: OpenPostInput) -> OpenPostPayload:
        """Let members claim a drafted post."""
        answer = await posts.open_post(
            info.context.actor, post=input.post, key=info.context.key(input)
        )
        return OpenPostPayload.of(answer, post=await _shown(info, answer.post))

    @mutation(ClosePostPayload)
    async def close_post(self, info: Info, input: ClosePostInput) -> ClosePostPayload:
        """End a post early."""
        answer = await posts.close_post(
            info.context.actor, post=input.post, key=info.context.key(input)
        )
        return ClosePostPayload.of(answer, post=await _shown(info, answer.post))
