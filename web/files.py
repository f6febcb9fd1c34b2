"""Files of organisations: handed in by a form's own route, had back by those who may read them.

Knows the form and the headers; what is taken, and who may read it, is decided where everything is.
"""

import base64
import hashlib
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from schema.context import Context
from timebank.file_kinds import MEDIA, MOST_BYTES, FileTooLarge
from timebank.keys import KEY_LENGTHS, RequestKey
from timebank.organisation_files import FilePurpose, content_of, keep_file
from timebank.refusals import Denial, Refusal
from web.forms import Forged, one, read

PRIVATE = {"cache-control": "no-store"}
MISSING = "There is no such file for you."
FORM_BYTES = 64 * 1024
"""How much a form may have beside its file."""


class Files:
    """The routes of files; `context_of` finds out who asks."""

    def __init__(self, context_of: Callable[[Request], Awaitable[Context]]) -> None:
        self._context_of = context_of

    def routes(self) -> list[Route]:
        """Where files are handed in and had back."""
        return [
            Route("/organisations/{id}/files", self.keep, methods=["POST"]),
            Route("/files/{id}", self.give),
        ]

    async def keep(self, request: Request) -> Response:
        """Take a file: 303 to the organisation's page, 422 with the sentence of a refusal."""
        context = await self._context_of(request)
        organisation: str = request.path_params["id"]
        length = request.headers.get("content-length", "")
        try:
            if length.isdigit() and int(length) > MOST_BYTES + FORM_BYTES:
                # Said before the bytes are read: nobody waits for an upload that is refused.
                raise FileTooLarge(most=MOST_BYTES, length=int(length))
            given = await read(request, context, most_bytes=MOST_BYTES + FORM_BYTES)
            key, content = one(given, "key"), base64.b64decode(one(given, "file"))
            if len(key) not in KEY_LENGTHS or one(given, "purpose") not in set(FilePurpose):
                raise Forged
            told = [organisation, one(given, "purpose"), hashlib.sha256(content).hexdigest()]
            await keep_file(
                context.actor,
                organisation=organisation,
                purpose=FilePurpose(one(given, "purpose")),
                name=one(given, "name"),
                content=content,
                key=RequestKey.of(
                    context.actor.scope, key, "keepFile", told, secret=context.secret
                ),
            )
        except Forged:
            return PlainTextResponse("", status_code=403, headers=PRIVATE)
        except Denial as no:
            says = context.translate(no.says)
            return PlainTextResponse(says, status_code=403, headers=PRIVATE)
        except Refusal as no:
            says = no.message(context.translate)
            return PlainTextResponse(says, status_code=422, headers=PRIVATE)
        return RedirectResponse(f"/organisations/{organisation}/work?done=1", status_code=303)

    async def give(self, request: Request) -> Response:
        """A file, to be saved and never shown in place; 404 for what is not the asker's."""
        context = await self._context_of(request)
        found = await content_of(context.actor, request.path_params["id"])
        if found is None:
            return PlainTextResponse(context.translate(MISSING), status_code=404, headers=PRIVATE)
        held, content = found
        name = f'attachment; filename="{held.id}.{held.kind.value}"'
        headers = PRIVATE | {"content-disposition": name, "x-content-type-options": "nosniff"}
        return Response(content, media_type=MEDIA[held.kind], headers=headers)
