"""Commands that check a file by itself: no database, no network, only keys that are told."""

import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, BinaryIO, TypeVar

import click

from ledger.checkpoint import (
    MAX_NOTE,
    MAX_RECEIPT,
    InvalidNote,
    InvalidReceipt,
    Opened,
    Verifier,
    open_note,
    open_receipt,
)
from ledger.head import instant_text
from ledger.quorum import MAX_FILE, InvalidQuorum, Quorum, parse_quorum
from ledger.receipts import ReceiptState
from web.commands.asked import FOUND, Asked, say
from web.commands.verifier_keys import Key

F = TypeVar("F", bound=Callable[..., Any])

# The last second of the year 9999; a witness may claim any time at all.
_LAST = 253402300799


class Unread(Exception):
    """A file that is longer than it may be, or not UTF-8."""


class TooFew(Exception):
    """A quorum was asked for, and these are not it."""


def asking(command: F) -> F:
    """What both commands are told: the file, the log's keys, and the quorum file if any."""
    for parameter in (
        click.option("--quorum", type=click.File("rb"), help="Refuse what no quorum witnessed."),
        click.option(
            "--vkey", "keys", type=Key(), required=True, multiple=True, help="Repeatable."
        ),
        click.argument("file", type=click.File("rb")),
    ):
        command = parameter(command)
    return command


@click.command("receipt")
@asking
@click.pass_obj
def verify_receipt(
    asked: Asked, file: BinaryIO, keys: tuple[Verifier, ...], quorum: BinaryIO | None
) -> None:
    """Check offline that the receipt in FILE proves its entry."""

    def check() -> dict[str, Any]:
        witnesses = None if quorum is None else read_quorum(quorum, keys)
        receipt = open_receipt(_text(file, MAX_RECEIPT), keys, witnesses.keys if witnesses else ())
        entry = receipt.entry
        told = {"index": entry.seq, "kind": entry.kind, "at": instant_text(entry.at)}
        told["leaf"] = entry.leaf.hex()
        return told | _standing(Opened(receipt.checkpoint, receipt.cosigned), witnesses)

    _answer(asked, check)


@click.command("checkpoint")
@asking
@click.pass_obj
def verify_checkpoint(
    asked: Asked, file: BinaryIO, keys: tuple[Verifier, ...], quorum: BinaryIO | None
) -> None:
    """Check offline that the checkpoint in FILE is its log's."""

    def check() -> dict[str, Any]:
        witnesses = None if quorum is None else read_quorum(quorum, keys)
        note = _text(file, MAX_NOTE)
        return _standing(open_note(note, keys, witnesses.keys if witnesses else ()), witnesses)

    _answer(asked, check)


def _answer(asked: Asked, check: Callable[[], dict[str, Any]]) -> None:
    """What was found, a line each; or why it proves nothing, and exit code 1."""
    try:
        told = check()
    except (InvalidNote, InvalidQuorum, InvalidReceipt, TooFew, Unread) as error:
        say(asked, {"valid": False, "reason": str(error)}, f"refused: {error}")
        sys.exit(FOUND)
    lines: list[str] = []
    for name, value in told.items():
        values: Sequence[Any] = value if isinstance(value, list) else [value]
        lines += [f"{name} {' '.join(one) if isinstance(one, tuple) else one}" for one in values]
    say(asked, {"valid": True} | told, "\n".join(lines))


def _standing(opened: Opened, quorum: Quorum | None) -> dict[str, Any]:
    """Of which tree, and on whose word; refuses with TooFew less than the quorum asked for."""
    told = {
        "size": opened.checkpoint.size,
        "root": opened.checkpoint.root.hex(),
        "signed": opened.checkpoint.origin,
        "state": ReceiptState.SIGNED.value,
    }
    if quorum is None:
        return told
    if not quorum.witnessed(opened):
        raise TooFew(f"{len(opened.cosigned)} witnesses cosigned, {quorum.needed} are needed")
    cosigned = [(one.witness, _instant(one.time)) for one in opened.cosigned]
    return told | {
        "state": ReceiptState.WITNESSED.value,
        "witness": cosigned,
        "needed": quorum.needed,
    }


def _instant(seconds: int) -> str:
    if seconds > _LAST:
        return str(seconds)
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def read_quorum(file: BinaryIO, keys: Sequence[Verifier]) -> Quorum:
    """The quorum of a file; refuses with InvalidQuorum and Unread.

    Args: keys, of the log that it must be for; none where no key is known.
    """
    quorum = parse_quorum(_text(file, MAX_FILE))
    if keys:
        quorum.bind(keys)
    return quorum


def _text(file: BinaryIO, most: int) -> str:
    """What a file says; never reads more than it may hold."""
    data = file.read(most + 1)
    if len(data) > most:
        raise Unread(f"more than {most} bytes")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise Unread("not UTF-8") from error
