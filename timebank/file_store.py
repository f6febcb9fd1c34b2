"""The store of files: sealed bytes by name, in a directory unless somebody brings another store.

Each file is sealed with a key of its own, which lies in the vault: who destroys the key has
destroyed every copy. So a store need not be trusted with what is in it, and another one (of objects
by S3, say) has four methods to bring. Knows no meaning of a name.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from timebank.settings import Settings
from timebank.vault import keyring

NAME = re.compile(r"[a-z]{3}_[0-9a-z]{26}")


class FileStore(Protocol):
    """Where sealed files lie."""

    def put(self, name: str, sealed: bytes) -> None:
        """Keep bytes under a name, durably."""

    def get(self, name: str) -> bytes | None:
        """The bytes under a name."""

    def drop(self, name: str) -> None:
        """Forget a name; nothing if there is none."""

    def names(self) -> Iterator[str]:
        """Every name, in no order."""


class Directory:
    """Files in a directory, each written aside, synced and then named."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def _place(self, name: str) -> Path:
        if not NAME.fullmatch(name):
            raise ValueError(f"{name!r} is no name of a file")
        return self.root / name[4:8] / name

    def put(self, name: str, sealed: bytes) -> None:
        """Keep bytes under a name, durably."""
        place = self._place(name)
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        aside = place.with_suffix(".new")
        with aside.open("wb") as file:
            file.write(sealed)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(place)

    def get(self, name: str) -> bytes | None:
        """The bytes under a name."""
        try:
            return self._place(name).read_bytes()
        except FileNotFoundError:
            return None

    def drop(self, name: str) -> None:
        """Forget a name; nothing if there is none."""
        self._place(name).unlink(missing_ok=True)

    def names(self) -> Iterator[str]:
        """Every name, in no order."""
        return (place.name for place in self.root.glob("*/*") if NAME.fullmatch(place.name))


def store_of(settings: Settings) -> FileStore:
    """The store of a ledger."""
    return Directory(settings.file_directory)


def store() -> FileStore:
    """The store of the open ledger."""
    return store_of(keyring().settings)
