"""A witness: it remembers the last checkpoint of each log it saw, and cosigns only what extends it.

Knows checkpoints and consistency proofs (C2SP tlog-witness, FORMAT.md 4), its own key and one state
file. A checkpoint is on the disk before its cosignature exists. Refuses to know entries and HTTP.
"""

import fcntl
import os
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import msgspec

from ledger.checkpoint import (
    COSIGNATURE,
    Checkpoint,
    InvalidNote,
    Signer,
    Verifier,
    claimed,
    cosign,
    open_note,
)
from ledger.merkle import EMPTY_ROOT, InvalidProof, verify_consistency
from ledger.signer import KEY, create_key, open_seed, sync_directory
from ledger.submission import MalformedSubmission, Submission, parse_submission

Status = Literal[400, 403, 404, 409, 422]

KEY_FILE, STATE_FILE, LOCK_FILE = "witness.key", "witness.json", "witness.lock"


class UnusableWitness(Exception):
    """A directory no witness can be run from; the message says why and what to do."""


class Refused(Exception):
    """A checkpoint that is not cosigned; `status` is the answer that tlog-witness asks for."""

    def __init__(self, status: Status, detail: str) -> None:
        super().__init__(detail)
        self.status = status


class Conflict(Refused):
    """A proof that does not start at `size`, the last one cosigned, or another root there."""

    def __init__(self, size: int, detail: str) -> None:
        super().__init__(409, detail)
        self.size = size


class Seen(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The last note cosigned for a log, and the first that contradicted it: proof of a fork."""

    note: str
    fork: str | None = None


class _State(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    v: Literal[1]
    logs: dict[str, Seen]


class Witness:
    """A witness at work, alone in its directory under a flock until `close`.

    The state is asked of the disk each time: what a failed write left there decides, not a guess.
    """

    def __init__(
        self, directory: Path, logs: Sequence[Verifier], *, secret: bytes, name: str | None = None
    ) -> None:
        """Open the witness in `directory`, or make a new one called `name` where there is none.

        Args: logs, the verifier keys of the logs it watches, several a log while a key is changed;
        secret, at least 32 random bytes that seal the key file. Refuses with UnusableWitness a
        directory in use or one that lost a part, with UnusableKey a secret that opens nothing.
        """
        self._directory = directory
        self._logs = {log.name: [key for key in logs if key.name == log.name] for log in logs}
        self._turn = threading.Lock()
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(directory / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._lock = os.fdopen(lock, "rb")
        try:
            self._hold()
            self._make(name, secret)
            self._signer = Signer(*open_seed(self._key, secret=secret), kind=COSIGNATURE)
        except BaseException:
            self._lock.close()
            raise

    @property
    def verifier(self) -> Verifier:
        """The key that checks its cosignatures."""
        return self._signer.verifier

    def close(self) -> None:
        """Let another process be this witness."""
        self._lock.close()

    def seen(self, origin: str) -> Seen | None:
        """What it remembers of a log; None where it never cosigned one of that name."""
        return self._read().logs.get(origin)

    def add(self, body: bytes, *, now: int) -> str:
        """The cosignature line on the checkpoint that an `add-checkpoint` request submits.

        Args: now, seconds since 1970, UTC. Refuses with Refused, Conflict among them. After an
        OSError nothing was cosigned, and the next request finds out what is on the disk.
        """
        asked, told = self._opened(body)
        with self._turn:
            state = self._read()
            last = state.logs.get(told.origin)
            self._judge(asked, told, last, state)
            # Also where nothing moved: a rename that a crash could undo must not be built upon.
            fork = None if last is None else last.fork
            self._write(state, told.origin, Seen(asked.note, fork))
        return cosign(asked.note, self._signer, time=now)

    def _opened(self, body: bytes) -> tuple[Submission, Checkpoint]:
        """The request and its checkpoint, signed by a log that this witness watches."""
        try:
            asked = parse_submission(body)
            told = claimed(asked.note)
        except (MalformedSubmission, InvalidNote) as error:
            raise Refused(400, str(error)) from error
        keys = self._logs.get(told.origin)
        if keys is None:
            raise Refused(404, "this log is not watched here")
        try:
            open_note(asked.note, keys)
        except InvalidNote as error:
            raise Refused(403, f"not signed by this log: {error}") from error
        if asked.old > told.size:
            raise Refused(400, "the old size is beyond the checkpoint")
        return asked, told

    def _judge(self, asked: Submission, told: Checkpoint, last: Seen | None, state: _State) -> None:
        """Refuse what does not extend the last checkpoint."""
        before = Checkpoint(told.origin, 0, EMPTY_ROOT) if last is None else claimed(last.note)
        if asked.old != before.size:
            raise Conflict(before.size, "the proof starts at another size")
        if told.size == before.size and told.root != before.root:
            # Two signed notes of one size convict the log for ever; the first such is kept.
            if last is not None and last.fork is None:
                self._write(state, told.origin, Seen(last.note, asked.note))
            raise Conflict(before.size, "another root was cosigned at this size")
        try:
            _extends(before, told, asked.proof)
        except InvalidProof as error:
            raise Refused(422, str(error)) from error

    # Files

    @property
    def _key(self) -> Path:
        return self._directory / KEY_FILE

    @property
    def _state(self) -> Path:
        return self._directory / STATE_FILE

    def _hold(self) -> None:
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UnusableWitness(f"another process is the witness in {self._directory}") from None

    def _make(self, name: str | None, secret: bytes) -> None:
        """Make what a new witness needs, state before key; refuse a witness that lost a part."""
        if self._key.exists():
            if not self._state.exists():
                raise UnusableWitness(
                    f"{self._key} has lost its memory in {self._state}: it could contradict what it"
                    " cosigned. Retire the key and make a new witness in an empty directory"
                )
            return
        if self._state.exists() and self._read().logs:
            raise UnusableWitness(f"the key {self._key} is gone; make a new witness elsewhere")
        if name is None:
            raise UnusableWitness(f"there is no witness in {self._directory}; a name makes one")
        self._replace(_State(1, {}))
        create_key(self._key, name=name, secret=secret, cost=KEY)

    def _read(self) -> _State:
        """What the disk remembers; refuses with UnusableWitness when it does not any more."""
        try:
            state = msgspec.json.decode(self._state.read_bytes(), type=_State)
            if any(claimed(seen.note).origin != origin for origin, seen in state.logs.items()):
                raise InvalidNote("form", "another log's note")
        except (FileNotFoundError, ValueError) as error:
            raise UnusableWitness(f"{self._state} cannot be read: {error}") from error
        return state

    def _write(self, state: _State, origin: str, seen: Seen) -> None:
        self._replace(_State(1, {**state.logs, origin: seen}))

    def _replace(self, state: _State) -> None:
        draft = self._state.with_suffix(".draft")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.json.encode(state))
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._state)
        sync_directory(self._directory)


def _extends(before: Checkpoint, told: Checkpoint, proof: tuple[bytes, ...]) -> None:
    """Everything extends the empty log, so nothing may be said to prove it."""
    if before.size == 0:
        if proof:
            raise InvalidProof("proof too long")
        return
    verify_consistency(
        old=before.size,
        new=told.size,
        old_root=before.root,
        new_root=told.root,
        proof=proof,
    )
