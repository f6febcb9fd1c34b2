"""What is destroyed when a person is erased, and the list of whoever was (domain 11).

Every row of the vault that names a person in a column `person` is theirs, their words included, and
so are wrong attempts to sign in. The ids of the erased lie in a file beside the anchor,
which no restore of a database brings back. Knows tables; refuses to know whether a person may be
erased (`erasures`).
"""

import os
from pathlib import Path

from tortoise.expressions import Q

from ledger.signer import sync_directory
from timebank.actors import PersonId
from timebank.projections import Place
from timebank.sign_in import Attempts
from timebank.tables import TABLES, Row, Table, keys_of, table


@table("erasure_left", vault=True)
class ErasureLeft(Row, frozen=True):
    """Whose erasure is not wholly done yet: to be listed, or to be said on the ledger again."""

    id: str


def personal_tables() -> list[tuple[Table, str]]:
    """The vault's tables in which rows are a person's, and by which column."""
    found = [
        (table, "person") for table in TABLES.values() if table.vault and "person" in table.columns
    ]
    return [*found, (Attempts.spec, "subject")]


def erased_tables() -> list[str]:
    """The tables in which rows of the erased stood."""
    return [kept.name for kept, _ in personal_tables()]


# Live


async def personal_places(person: PersonId) -> list[Place]:
    """Every row of the vault that is a person's."""
    places: list[Place] = []
    for kept, column in personal_tables():
        places += [(kept.row, key) for key in await keys_of(kept, Q(**{column: person}))]
    return places


# The list beside the anchor


def read_erased(path: Path) -> list[PersonId]:
    """The ids of the erased, in the order of their erasure; a line cut short counts for nothing."""
    try:
        told = path.read_text("ascii")
    except FileNotFoundError:
        return []
    return told[: told.rfind("\n") + 1].split()


def list_erased(path: Path, person: PersonId) -> None:
    """Add an id to the list, once, so that it is on the disk before anybody is told."""
    if person in read_erased(path):
        return
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    new = not path.exists()
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "r+b") as file:
        # A crash may have cut the last line short: it is ended, and counts for nothing.
        whole = not file.seek(0, os.SEEK_END) or _ends_line(file.fileno())
        file.write(f"{'' if whole else chr(10)}{person}\n".encode())
        file.flush()
        os.fsync(file.fileno())
    if new:
        sync_directory(path.parent)


def _ends_line(descriptor: int) -> bool:
    return os.pread(descriptor, 1, os.fstat(descriptor).st_size - 1) == b"\n"
