"""Files: looked at for what they are, sealed in the store, committed to, read by a few."""

import hashlib
import io
import zipfile
from pathlib import Path

import pytest

from ledger.entry import commitment
from tests.organising import named, registered, registrar
from tests.test_member_reports import entries_of
from tests.wire import ask
from tests.world import World, key
from timebank import replay
from timebank.access import Role
from timebank.actors import Actor
from timebank.file_kinds import (
    MOST_BYTES,
    FileKind,
    FileMissing,
    FileNotTaken,
    FileTooLarge,
    decide_file,
)
from timebank.file_store import Directory, store
from timebank.organisation_files import (
    FileKey,
    FilePurpose,
    content_of,
    files_of,
    keep_file,
)
from timebank.refusals import NotFound, Refusal
from timebank.tables import find
from timebank.texts import TextMissing

pytestmark = pytest.mark.one_database

PDF = b"%PDF-1.7\nthe articles\n%%EOF\n"


def archive(*names: str) -> bytes:
    """A zip archive with empty parts."""
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w") as file:
        for name in names:
            file.writestr(name, "")
    return kept.getvalue()


BOOK = ("[Content_Types].xml", "xl/workbook.xml")


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (PDF, FileKind.PDF),
        (b"\xff\xd8\xff\xe0" + bytes(9) + b"\xff\xd9", FileKind.JPEG),
        (b"\x89PNG\r\n\x1a\n" + bytes(9) + b"IEND\xaeB`\x82", FileKind.PNG),
        (archive(*BOOK), FileKind.XLSX),
    ],
)
def test_a_file_is_what_is_in_it(content: bytes, kind: FileKind) -> None:
    assert decide_file(content) is kind


@pytest.mark.parametrize(
    ("content", "no"),
    [
        (b"", FileMissing),
        (PDF + bytes(MOST_BYTES), FileTooLarge),
        (b"MZ\x90\x00", FileNotTaken),
        (b"<html>%PDF-</html>", FileNotTaken),
        (PDF[:-7], FileNotTaken),
        (b"\x89PNG\r\n\x1a\n" + bytes(99), FileNotTaken),
        (archive("word/document.xml"), FileNotTaken),
        (archive(*BOOK, "xl/vbaProject.bin"), FileNotTaken),
        (archive(*BOOK)[:-30], FileNotTaken),
    ],
)
def test_what_is_none_of_the_kinds_or_not_whole_is_not_taken(
    content: bytes, no: type[Refusal]
) -> None:
    with pytest.raises(no):
        decide_file(content)


def test_a_store_keeps_names_of_ours_and_no_paths(tmp_path: Path) -> None:
    kept = Directory(tmp_path)
    name = f"fil_{'0' * 26}"
    kept.put(name, b"sealed")
    assert kept.get(name) == b"sealed"
    kept.drop(name)
    kept.drop(name)
    assert kept.get(name) is None
    for wrong in ("../../etc/passwd", "fil_", f"fil_{'/' * 26}"):
        with pytest.raises(ValueError, match="no name"):
            kept.get(wrong)


async def handed_in(who: Actor, organisation: str, **given: object) -> str:
    """A file that was kept."""
    asked = {"purpose": FilePurpose.ARTICLES, "name": "章程", "content": PDF} | given
    made = await keep_file(who, organisation=organisation, key=key(), **asked)  # type: ignore[arg-type]  # what a test says
    return made.file


@pytest.mark.anyio
async def test_a_file_is_sealed_committed_to_and_read_by_those_it_concerns(world: World) -> None:
    founder, other = await world.volunteer(), await world.volunteer()
    organisation = await named(world, founder)
    file = await handed_in(founder, organisation)
    sealed = store().get(file)
    assert sealed
    assert b"articles" not in sealed
    held = await find(FileKey, file)
    (entry,) = await entries_of(world, "organisation.file_kept")
    assert held
    digest = hashlib.sha256(PDF).hexdigest()
    assert entry.body["digest"] == commitment(held.salt, "file", digest)
    assert "章程" not in entry.bytes.decode()
    for actor in (founder, registrar(world)):
        found = await content_of(actor, file)
        assert found
        assert found[1] == PDF
    for actor in (other, world.staff[Role.STATION_MANAGER]):
        assert await content_of(actor, file) is None
        assert await files_of(actor, organisation) == []
    shown = await ask(
        world,
        founder,
        "query($o: ID!) { organisationFiles(organisation: $o) { name kind size purpose } "
        "fileLimits { mostBytes kinds } }",
        o=organisation,
    )
    assert shown["organisationFiles"] == [
        {"name": "章程", "kind": "PDF", "size": len(PDF), "purpose": "ARTICLES"}
    ]
    assert shown["fileLimits"] == {"mostBytes": MOST_BYTES, "kinds": ["PDF", "JPEG", "PNG", "XLSX"]}
    assert (await replay.compare(world.settings.database_url)).differing == 0


@pytest.mark.anyio
async def test_a_refused_file_leaves_nothing_behind(world: World) -> None:
    founder, other = await world.volunteer(), await world.volunteer()
    organisation = await registered(world, founder)
    for actor, given, no in (
        (other, {}, NotFound),
        (founder, {"name": " "}, TextMissing),
        (founder, {"content": b"MZ"}, FileNotTaken),
    ):
        with pytest.raises(no):
            await handed_in(actor, organisation, **given)
    assert [*world.settings.file_directory.rglob("fil_*")] == []
    assert await entries_of(world, "organisation.file_kept") == []
