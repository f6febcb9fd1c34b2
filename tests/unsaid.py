"""What is secret stays unsaid: the whole suite's logs and errors are searched for it.

A plugin of every run. It keeps what is secret where it comes into being: every value that is
sealed, every text and its salt, every password and PIN that is hashed, every random key and token.
It hears what any test and the programs that it starts print, log or answer as an error, and a test
after which something secret stands there fails, told where. Knows resident numbers and telephone
numbers by their shape too, for what other processes keep; refuses to know what any test is about.
No refusal says an id either: it is no secret, but nobody knows anything by it.
"""

import base64
import binascii
import re
import subprocess
import sys
from asyncio.subprocess import Process
from collections.abc import Awaitable, Callable, Generator, Iterable, Iterator
from functools import wraps
from inspect import isawaitable
from typing import Any, NoReturn

import pytest
from click.testing import CliRunner
from structlog.testing import LogCapture

SHORTEST = 6
"""Bytes of UTF-8: anything shorter stands by chance in any log."""

KEY_LEAST = 16
"""Bytes of a random value that is a secret; what is shorter is a nonce, or the id of a request."""

BEGIN = 9
"""Bytes by which a random value is known: twelve letters of Base64."""

RENDERED: list[tuple[re.Pattern[str], int, Callable[[str], bytes]]] = [
    (re.compile(r"[0-9A-Fa-f]{32,}"), 18, bytes.fromhex),
    (re.compile(r"[\w+/-]{22,}", re.ASCII), 12, lambda told: base64.b64decode(told, b"-_")),
    (re.compile(r"[A-Za-z0-9+/]{22,}"), 12, base64.b64decode),
    (re.compile(r"[A-Z2-7]{26,}"), 16, base64.b32decode),
]
"""How random bytes are written: what such a text looks like, and how its beginning is read."""

QUOTED = re.compile(r"""b(['"])((?:\\.|(?!\1).)*)\1""")
LOGGED = re.compile(r"\S+ \S+ \[\w+ *\]|(INFO|WARNING|ERROR|CRITICAL):")
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
RESIDENT = re.compile(r"(?<![0-9A-Za-z])[1-9]\d{16}[\dX](?![0-9A-Za-z])")
ID = re.compile(r"(?<![0-9a-z])[a-z]{3}_[0-7][0-9a-hjkmnp-tv-z]{25}")
A_REFUSAL, SAYS_BACK = "a refusal", "a refusal that says back what was typed"
TYPED = frozenset({"NO_OPERATOR", "SAME_PERSON_TWICE", "SCOPE_MALFORMED", "SCOPE_UNKNOWN"})
"""Refusals that name an id because whoever asked gave it by hand."""

TELEPHONE = re.compile(r"(?<![0-9A-Za-z.+-])1[3-9]\d{9}(?![0-9A-Za-z.])")


class Unsaid:
    """Secrets, and whether a text says one."""

    def __init__(self) -> None:
        self._words: dict[bytes, set[bytes]] = {}
        self._keys: set[bytes] = set()
        self._open: set[str] = set()
        self.count = 0

    def allow(self, words: Iterable[str]) -> None:
        """Words of ours, sealed with what they are about or typed by chance: they are no secret."""
        self._open |= set(words)

    def keep(self, secret: str | bytes) -> None:
        """Something that must not be said: a random value, or words."""
        if isinstance(secret, bytes):
            if len(secret) >= KEY_LEAST:
                self._keys.add(secret[:BEGIN])
                self.count += 1
            return
        word = secret.encode(errors="replace")
        if len(word) >= SHORTEST and secret not in self._open:
            self._words.setdefault(word[:SHORTEST], set()).add(word)
            self.count += 1

    def forget(self, key: bytes) -> None:
        """A random value that is no secret."""
        self._keys.discard(key[:BEGIN])

    def said(self, text: str) -> list[str]:
        """The places of a text where something secret stands."""
        return [*self._words_in(text), *self._keys_in(text), *_shapes_in(text)]

    def _words_in(self, text: str) -> Iterator[str]:
        told = text.encode(errors="replace")
        for at in range(len(told) - SHORTEST + 1):
            for word in self._words.get(told[at : at + SHORTEST], ()):
                if told.startswith(word, at) and _apart(told, at, at + len(word)):
                    yield word.decode()

    def _keys_in(self, text: str) -> Iterator[str]:
        for shape, letters, read in RENDERED:
            for run in shape.finditer(text):
                for at in range(len(run[0]) - letters + 1):
                    part = run[0][at : at + letters]
                    try:
                        begun = read(part)[:BEGIN]
                    except (ValueError, binascii.Error):
                        continue
                    if begun in self._keys:
                        yield part
        for run in QUOTED.finditer(text):
            begun = run[2].encode().decode("unicode_escape").encode("latin-1", "replace")[:BEGIN]
            if begun in self._keys:
                yield run[0]


def _apart(told: bytes, start: int, end: int) -> bool:
    """Whether a word is not a part of another; Chinese has no words apart."""
    around = told[max(start - 1, 0) : start] + told[end : end + 1]
    inside = told[start : start + 1] + told[end - 1 : end]
    return not (inside.isalnum() and any(chr(byte).isalnum() for byte in around if byte < 128))


def _shapes_in(text: str) -> Iterator[str]:
    for found in RESIDENT.finditer(text):
        total = sum(int(d) * w for d, w in zip(found[0], WEIGHTS, strict=False))
        if found[0][-1] == "10X98765432"[total % 11]:
            yield found[0]
    yield from (found[0] for found in TELEPHONE.finditer(text))


UNSAID = Unsaid()
_HEARD: list[tuple[str, str]] = []
_SEEN: set[str] = set()


def hear(where: str, text: str | bytes | None) -> None:
    """Have a text searched when the test that is running ends."""
    if text:
        told = text.decode(errors="replace") if isinstance(text, bytes) else text
        _HEARD.append((where, told))


def logged(output: str | bytes | None) -> str:
    """The lines of a log in what a program put out; its answers may be meant for whoever asked."""
    told = output.decode(errors="replace") if isinstance(output, bytes) else output or ""
    return "\n".join(line for line in told.splitlines() if LOGGED.match(line))


def everywhere(module: str, name: str, seen: Callable[[Any, tuple[Any, ...]], None]) -> None:
    """Have a function, by whatever module it is called, show what it was given and gives."""
    home = sys.modules.get(module)
    if home is None:
        return
    real = getattr(home, name)

    @wraps(real)
    def watching(*given: Any, **named: Any) -> Any:
        made = real(*given, **named)
        seen(made, given)
        return made

    for one in list(sys.modules.values()):
        if getattr(one, name, None) is real:
            setattr(one, name, watching)


def _method(
    kind: type,
    name: str,
    where: str | Callable[[Any], str],
    of: Callable[[Any], Iterable[Any]],
) -> None:
    """Have what a method answers heard, at once or when it is awaited; `where` may ask its own."""
    real = getattr(kind, name)

    def told(made: Any, own: Any) -> Any:
        for text in of(made):
            hear(where if isinstance(where, str) else where(own), text)
        return made

    @wraps(real)
    def listening(*given: Any, **named: Any) -> Any:
        made = real(*given, **named)
        return later(made, given[0]) if isawaitable(made) else told(made, given[0])

    async def later(made: Awaitable[Any], own: Any) -> Any:
        return told(await made, own)

    setattr(kind, name, listening)


def pytest_collection_finish() -> None:
    """Begin to keep and to hear, in what the collected tests have imported."""

    def keep(*which: int) -> Callable[[Any, tuple[Any, ...]], None]:
        def seen(_: Any, given: tuple[Any, ...]) -> None:
            for n in which:
                told = given[n]
                # What is found by an index is sealed with the index's kind.
                UNSAID.keep(told.rpartition("\n")[2] if isinstance(told, str) else told)

        return seen

    everywhere("secrets", "token_bytes", lambda made, _: UNSAID.keep(made))
    if identity := sys.modules.get("timebank.identity"):
        UNSAID.allow(identity.DocumentType)
    if words := sys.modules.get("timebank.words"):
        for language in words.LANGUAGES:
            for told in words.catalogue(language).items():
                UNSAID.allow(told)
    # Its random bytes are ids; tokens are made of others.
    everywhere("secrets", "token_hex", lambda made, _: UNSAID.forget(bytes.fromhex(made)))
    everywhere("timebank.vault", "seal_field", keep(0, 3))
    everywhere("timebank.argon", "hashed", keep(0))
    everywhere("timebank.texts", "commitment", keep(0, 2))
    everywhere("schema.errors", "tell", lambda made, _: hear("an error", made["message"]))
    if refusals := sys.modules.get("timebank.refusals"):
        _method(
            refusals.Refusal,
            "message",
            lambda no: SAYS_BACK if no.code in TYPED else A_REFUSAL,
            lambda made: [made],
        )
    for kind in (subprocess.Popen, Process):
        _method(kind, "communicate", "a process", lambda made: [made[1], logged(made[0])])
    _method(CliRunner, "invoke", "a command", lambda made: [made.stderr, logged(made.stdout)])
    _method(pytest.CaptureFixture, "readouterr", "printed", lambda made: made)
    capture = LogCapture.__call__

    def log(self: LogCapture, logger: Any, method: str, event: Any) -> NoReturn:
        hear("a log", repr(event))
        capture(self, logger, method, event)

    LogCapture.__call__ = log  # type: ignore[assignment]  # the names of what it is given differ


def taken() -> list[tuple[str, str]]:
    """What was heard since it was taken last, and by what way."""
    heard, _HEARD[:] = list(_HEARD), []
    return heard


def unsaid_in(heard: Iterable[tuple[str, str]]) -> list[str]:
    """Where something secret stands in what was heard; a line is searched once."""
    found: list[str] = []
    for where, text in heard:
        for line in text.splitlines():
            if line not in _SEEN:
                _SEEN.add(line)
                said = UNSAID.said(line) + (ID.findall(line) if where == A_REFUSAL else [])
                found += [f"{where}: {secret!r} in {line}" for secret in said]
    return found


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail a test after which something secret stands in what was heard."""
    report = yield
    if report.when == "teardown":
        found = unsaid_in([*report.sections, *taken()])
        if found and report.passed:
            report.outcome = "failed"
            report.longrepr = "Said, and secret:\n" + "\n".join(found)
    return report
