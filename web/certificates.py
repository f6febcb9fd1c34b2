"""Certificates as documents: a PDF/A-3b with its QR code and receipts, and a picture of it.

Knows how a sheet is laid out and who may have it; decides nothing. In PDF/A a character without a
glyph is an error, where other printers leave it out in silence. Needs typst (the extra `pdf`) and
a Chinese font; without them there is the page to print, and the answer says so.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, date, datetime
from functools import cache
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import segno
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from schema.context import Context
from timebank import certificate_sheets
from timebank.certificate_sheets import Sheet
from web.address import UNADDRESSED, public_address

HERE = Path(__file__).parent
FONT = "Noto Sans CJK SC"
STANDARD: Final = "a-3b"
PNG_DPI = 144
QR_QUIET_MODULES = 4
ADDRESS_FILE = "certificate.txt"
ABOUT = {
    ADDRESS_FILE: "二维码的内容",
    "receipt.txt": "证明条目的账本凭证",
    "key-receipt.txt": "证明密钥公布条目的账本凭证",
}
KINDS = {
    "elder": "助老服务",
    "disability": "助残服务",
    "child": "关爱儿童",
    "neighbour_help": "邻里互助",
    "community_care": "社区关怀",
    "environment": "环境保护",
    "safety": "平安巡防",
    "culture": "文化体育",
    "gathering": "大型活动",
    "other": "其他服务",
}
REST = "其他活动合计"
MISSING = "There is no certificate for you here. Sign in as whoever it concerns."
UNSIGNED = "This entry is not signed yet; try again in a moment."
UNPRINTED = "This server prints no documents; open the certificate's page and print that."
STRANGE = "This certificate holds a character that is in no font of this server."
PRIVATE = {"cache-control": "no-store"}


class Unprintable(Exception):
    """A text with a character that no font has."""


class Press:
    """Typst with its fonts loaded: one a process, because loading them takes a third of a second.

    Raises LookupError where the Chinese font is missing.
    """

    def __init__(self) -> None:
        import typst

        self._typst, self._fonts = typst, typst.Fonts()
        if FONT not in self._fonts.families():
            raise LookupError(FONT)
        self._source = (HERE / "documents" / "certificate.typ").read_bytes()

    def pdf(self, told: Mapping[str, Any], day: date) -> bytes:
        """The document, the same bytes for the same data. Raises Unprintable."""
        made = datetime(day.year, day.month, day.day, tzinfo=UTC)
        return self._printed(self._source, "certificate", told, timestamp=int(made.timestamp()))

    def png(self, told: Mapping[str, Any]) -> bytes:
        """A picture of the first page, for whoever cannot open a PDF."""
        made: object = self._typst.compile(
            self._source,
            font_paths=self._fonts,
            format="png",
            ppi=PNG_DPI,
            sys_inputs={"certificate": json.dumps(told, ensure_ascii=False)},
        )
        # Of several pages it makes a list, whatever its annotations say.
        first = made[0] if isinstance(made, list) else made
        if not isinstance(first, bytes):
            raise TypeError("typst made no picture")
        return first

    def unprintable(self, text: str) -> str:
        """The characters of a text that no certificate could print."""
        if self._prints(text):
            return ""
        return "".join(dict.fromkeys(one for one in text if not self._prints(one)))

    def _prints(self, text: str) -> bool:
        source = f'#set text(font: "{FONT}")\n#json(bytes(sys.inputs.at("text")))'.encode()
        try:
            self._printed(source, "text", text)
        except Unprintable:
            return False
        return True

    def _printed(
        self, source: bytes, name: str, told: Any, *, timestamp: int | None = None
    ) -> bytes:
        try:
            return self._typst.compile(
                source,
                font_paths=self._fonts,
                format="pdf",
                pdf_standards=[STANDARD],
                sys_inputs={name: json.dumps(told, ensure_ascii=False)},
                timestamp=timestamp,
            )
        except self._typst.TypstError as error:
            if "could not be displayed" not in error.message:
                raise
            raise Unprintable(error.message) from None


@cache
def press() -> Press | None:
    """The press of this process; None where typst or the font is missing."""
    if find_spec("typst") is None:
        return None
    try:
        return Press()
    except LookupError:
        return None


async def unprintable(name: str) -> str:
    """The characters of a name that this process cannot print; none where it prints nothing."""
    made = await asyncio.to_thread(press)
    return await asyncio.to_thread(made.unprintable, name) if made else ""


def address(site: str, sheet: Sheet) -> str:
    """What the QR code says; the part behind the `#` never reaches a server."""
    return f"{site}/v/{sheet.certificate.code}#{sheet.seal}"


def layout(sheet: Sheet, site: str, receipts: Mapping[str, str]) -> dict[str, Any]:
    """Everything that the document's template prints."""
    held = sheet.certificate
    issued = held.issued_on or held.until
    told = address(site, sheet)
    lines = [
        {"what": title or KINDS.get(line.about, line.about), "records": line.records}
        | {"time": duration(line.minutes)}
        for line, title in zip(held.lines, sheet.titles, strict=True)
    ]
    if held.rest:
        records = held.records - sum(line.records for line in held.lines)
        lines.append({"what": REST, "records": records, "time": duration(held.rest)})
    attached = {ADDRESS_FILE: f"{told}\n", **receipts}
    return {
        "title": f"志愿服务记录证明 {held.number}",
        "number": held.number,
        "place": f"{site.partition('://')[2]}/v",
        "name": sheet.name,
        "volunteer": sheet.volunteer,
        "since": day_text(held.since),
        "until": day_text(held.until),
        "total": duration(held.minutes),
        "records": held.records,
        "lines": lines,
        "station": sheet.station,
        "in_charge": sheet.in_charge,
        "issued": day_text(issued),
        "issued_parts": [issued.year, issued.month, issued.day],
        "seq": str(held.seq),
        "key": sheet.seal.split("~")[1],
        "qr": qr_svg(told),
        "attachments": [
            {"name": name, "text": text, "about": ABOUT[name]} for name, text in attached.items()
        ],
    }


def qr_svg(told: str) -> str:
    """A QR code with its quiet zone, as SVG."""
    file = BytesIO()
    made = segno.make(told, error="m", micro=False)
    made.save(file, kind="svg", border=QR_QUIET_MODULES, dark="#000", light="#fff", scale=8)
    return file.getvalue().decode()


def duration(minutes: int) -> str:
    """Minutes as hours and minutes."""
    hours, rest = divmod(minutes, 60)
    return f"{hours} 小时 {rest} 分" if rest else f"{hours} 小时"


def day_text(day: date) -> str:
    """A day in Chinese."""
    return f"{day.year} 年 {day.month} 月 {day.day} 日"


class Documents:
    """The routes of certificates as files; `context_of` finds out who asks."""

    def __init__(self, context_of: Callable[[Request], Awaitable[Context]]) -> None:
        self._context_of = context_of

    def routes(self) -> list[Route]:
        """Where certificates are had."""
        return [
            Route("/certificates/{id}.pdf", self.pdf),
            Route("/certificates/{id}.png", self.png),
        ]

    async def pdf(self, request: Request) -> Response:
        """The PDF with its receipts, waiting until they are signed."""

        def made(press: Press, told: dict[str, Any], day: date) -> bytes:
            return press.pdf(told, day)

        return await self._answer(request, "pdf", "application/pdf", made)

    async def png(self, request: Request) -> Response:
        """The picture."""

        def made(press: Press, told: dict[str, Any], day: date) -> bytes:
            return press.png(told)

        return await self._answer(request, "png", "image/png", made)

    async def _answer(
        self,
        request: Request,
        suffix: str,
        media: str,
        made: Callable[[Press, dict[str, Any], date], bytes],
    ) -> Response:
        """404 for what is not the asker's; 503 while unsigned; 501 and 422 where unprintable.

        What nobody could find is not printed: see `public_address`.
        """
        context = await self._context_of(request)
        sheet = await certificate_sheets.sheet(context.actor, request.path_params["id"])
        if sheet is None:
            return _said(context, MISSING, 404)
        site = public_address(request)
        if site is None:
            return _said(context, UNADDRESSED, 501)
        printer = await asyncio.to_thread(press)
        if printer is None:
            return _said(context, UNPRINTED, 501)
        receipts = await certificate_sheets.receipts_for(sheet.certificate)
        if len(receipts) < len(ABOUT) - 1:
            return _said(context, UNSIGNED, 503, {"retry-after": "2"})
        told = layout(sheet, site, receipts)
        day = sheet.certificate.issued_on or sheet.certificate.until
        try:
            content = await asyncio.to_thread(made, printer, told, day)
        except Unprintable:
            return _said(context, STRANGE, 422)
        name = f'attachment; filename="timebank-certificate-{sheet.certificate.number}.{suffix}"'
        headers = PRIVATE | {"content-disposition": name}
        return Response(content, media_type=media, headers=headers)


def _said(
    context: Context, says: str, status: int, headers: Mapping[str, str] | None = None
) -> Response:
    return PlainTextResponse(
        context.translate(says), status_code=status, headers={**PRIVATE, **(headers or {})}
    )
