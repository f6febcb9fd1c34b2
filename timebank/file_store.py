"""The store of files: sealed bytes by name, in a directory or in a bucket of an S3 service.

Each file is sealed with a key of its own, which lies in the vault: who destroys the key has
destroyed every copy. So a store need not be trusted with what is in it. A backup takes what lies in
a directory with it, and only names a bucket, which its own service keeps. Buckets are reached by
obstore, an extra. Knows no meaning of a name.
"""

import os
import re
from collections.abc import Iterator
from datetime import timedelta
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

from timebank.settings import Settings
from timebank.vault import keyring

NAME = re.compile(r"[a-z]{3}_[0-9a-z]{26}")
NO_BUCKET = "NoSuchBucket"
"""What an S3 service calls a bucket that is not there: it answers 404 as for a missing file."""
PATIENCE = timedelta(seconds=20)
"""How long a bucket is asked again before an act on it fails."""


def named(name: str) -> str:
    """A name, if it is one of a file. Raises ValueError."""
    if not NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no name of a file")
    return name


class FileStore(Protocol):
    """Where sealed files lie; `elsewhere` is what a backup calls a store that it does not copy."""

    elsewhere: str | None

    def put(self, name: str, sealed: bytes) -> None:
        """Keep bytes under a name, durably."""

    def get(self, name: str) -> bytes | None:
        """The bytes under a name."""

    def drop(self, name: str) -> None:
        """Forget a name; nothing if there is none."""

    def names(self) -> Iterator[str]:
        """Every name, in no order."""

    def look(self) -> str:
        """Where the files lie, once it was looked at. Raises OSError where it is out of reach."""


class NoBucket(OSError):
    """The bucket that the settings name is not there: its files are out of reach, not missing."""


class Directory:
    """Files in a directory, each written aside, synced and then named."""

    elsewhere: str | None = None

    def __init__(self, root: Path) -> None:
        self.root = root

    def _place(self, name: str) -> Path:
        return self.root / named(name)[4:8] / name

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

    def look(self) -> str:
        """The directory, which the first file makes."""
        if self.root.exists():
            next(self.root.iterdir(), None)
        return str(self.root)


class Bucket:
    """Files in a bucket of an S3-compatible service, each put whole or not at all."""

    def __init__(self, bucket: str, service: Any) -> None:
        self.elsewhere: str | None = f"s3://{bucket}"
        self.service = service

    def put(self, name: str, sealed: bytes) -> None:
        """Keep bytes under a name, durably."""
        self.service.put(named(name), sealed)

    def get(self, name: str) -> bytes | None:
        """The bytes under a name."""
        try:
            return bytes(self.service.get(named(name)).bytes())
        except FileNotFoundError as error:
            if NO_BUCKET in str(error):
                raise NoBucket(f"there is no bucket {self.elsewhere}") from error
            return None

    def drop(self, name: str) -> None:
        """Forget a name; nothing if there is none."""
        self.service.delete(named(name))

    def names(self) -> Iterator[str]:
        """Every name, in no order."""
        found = (one["path"] for page in self.service.list() for one in page)
        return (name for name in found if NAME.fullmatch(name))

    def look(self) -> str:
        """The bucket, which was asked for a first page of its names."""
        try:
            next(self.service.list(), None)
        except import_module("obstore.exceptions").BaseError as error:
            raise OSError(str(error).partition("\n")[0]) from error
        return str(self.elsewhere)


@cache
def _bucket(bucket: str, endpoint: str, region: str, key_id: str, secret: str) -> Bucket:
    # One of each: it keeps its connections.
    return Bucket(
        bucket,
        import_module("obstore.store").S3Store(
            bucket,
            region=region,
            access_key_id=key_id,
            secret_access_key=secret,
            client_options={"allow_http": endpoint.startswith("http://")},
            retry_config={"max_retries": 3, "retry_timeout": PATIENCE},
            **({"endpoint": endpoint} if endpoint else {}),
        ),
    )


def store_of(settings: Settings) -> FileStore:
    """The store of a ledger: the bucket that the settings name, or else a directory."""
    if not settings.s3_bucket:
        return Directory(settings.file_directory)
    return _bucket(
        settings.s3_bucket,
        settings.s3_endpoint,
        settings.s3_region,
        settings.s3_key_id,
        settings.s3_secret.get_secret_value(),
    )


def store() -> FileStore:
    """The store of the open ledger."""
    return store_of(keyring().settings)
