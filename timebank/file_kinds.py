"""File kinds: what may be handed in, how large, and whether it is what it says (domain 9).

Every limit is said before the upload. A file is looked at, never run and never unpacked: its first
and last bytes, and the list of names of an archive. Pure; knows no store and no person.
"""

import io
import zipfile
from enum import StrEnum

from timebank.refusals import Refusal

MOST_BYTES = 10 * 1024 * 1024
MOST_PARTS = 2_000


class FileKind(StrEnum):
    """The kinds of files that are taken."""

    PDF = "pdf"
    JPEG = "jpeg"
    PNG = "png"
    XLSX = "xlsx"


MEDIA = {
    FileKind.PDF: "application/pdf",
    FileKind.JPEG: "image/jpeg",
    FileKind.PNG: "image/png",
    FileKind.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
STARTS = {
    FileKind.PDF: b"%PDF-",
    FileKind.JPEG: b"\xff\xd8\xff",
    FileKind.PNG: b"\x89PNG\r\n\x1a\n",
    FileKind.XLSX: b"PK\x03\x04",
}
ENDS = {FileKind.PDF: b"%%EOF", FileKind.JPEG: b"\xff\xd9", FileKind.PNG: b"IEND\xaeB`\x82"}
PARTS = frozenset({"[Content_Types].xml", "xl/workbook.xml"})
MACROS = "vbaProject.bin"

# Refusals


class FileMissing(Refusal):
    """Nothing was chosen."""

    says = "Choose a file."
    path = ("file",)


class FileTooLarge(Refusal):
    """The store is no archive of films."""

    says = "A file may have at most {most} bytes; this one has {length}."
    most: int
    length: int
    path = ("file",)


class FileNotTaken(Refusal):
    """It is none of the kinds, or not whole, whatever its name says."""

    says = "This file is none of those that are taken, or is not whole: {kinds}."
    kinds: str
    path = ("file",)


# Decisions


def decide_file(content: bytes) -> FileKind:
    """The kind of a file, by what is in it. Refuses: FileMissing, FileTooLarge, FileNotTaken."""
    if not content:
        raise FileMissing
    if len(content) > MOST_BYTES:
        raise FileTooLarge(most=MOST_BYTES, length=len(content))
    for kind, start in STARTS.items():
        if content.startswith(start) and _whole(kind, content):
            return kind
    raise FileNotTaken(kinds=", ".join(FileKind))


def _whole(kind: FileKind, content: bytes) -> bool:
    if kind is not FileKind.XLSX:
        return ENDS[kind] in content[-1024:]
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        return False
    macros = any(name.endswith(MACROS) for name in names)
    return set(names) >= PARTS and len(names) <= MOST_PARTS and not macros
