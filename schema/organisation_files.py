"""Files of organisations on the wire: their limits, and what was handed in; bytes have a route."""

from datetime import datetime
from typing import Annotated

import strawberry
from strawberry import ID

from schema.context import Context
from schema.enums import show_enum
from schema.fields import field
from schema.refusal import Info
from schema.texts import texts
from timebank import file_kinds, organisation_files
from timebank.file_kinds import FileKind
from timebank.organisation_files import FilePurpose

Whose = Annotated[ID, strawberry.argument(description="Which organisation.")]

show_enum(
    FileKind,
    "The kinds of files that are taken.",
    pdf="PDF.",
    jpeg="JPEG picture.",
    png="PNG picture.",
    xlsx="Spreadsheet without macros.",
)
show_enum(
    FilePurpose,
    "What a file is for.",
    articles="The articles.",
    consent="The supervising unit's consent.",
    premises="The place it works from.",
    funds="Its funds.",
    minutes="Minutes of a meeting.",
    report="Its annual report.",
    other="Anything else.",
)


@strawberry.type(description="What may be handed in, said before it is.")
class FileLimits:
    kinds: list[FileKind] = strawberry.field(description="The kinds that are taken.")
    media: list[str] = strawberry.field(description="The same, as media types.")
    most_bytes: int = strawberry.field(description="The most bytes of one file.")


@strawberry.type(description="A file that an organisation handed in.")
class OrganisationFile:
    id: ID = strawberry.field(description="Its id: it is had at /files/<id>.")
    purpose: FilePurpose = strawberry.field(description="What it is for.")
    kind: FileKind = strawberry.field(description="What it is, by what is in it.")
    size: int = strawberry.field(description="Its bytes.")
    kept_at: datetime = strawberry.field(description="When it was handed in.")

    @field
    async def name(self, info: Info) -> str:
        """What it is called."""
        return await info.context.loaders.load(texts("name"), str(self.id)) or ""


@strawberry.type
class Query:
    @field
    def file_limits(self) -> FileLimits:
        """What may be handed in as a file."""
        return FileLimits(
            kinds=list(FileKind),
            media=list(file_kinds.MEDIA.values()),
            most_bytes=file_kinds.MOST_BYTES,
        )

    @field
    async def organisation_files(self, info: Info, organisation: Whose) -> list[OrganisationFile]:
        """What an organisation handed in; for those who may read its papers."""
        context: Context = info.context
        held = await organisation_files.files_of(context.actor, organisation)
        return [
            OrganisationFile(
                id=ID(one.id),
                purpose=one.purpose,
                kind=one.kind,
                size=one.size,
                kept_at=one.kept_at,
            )
            for one in held
        ]
