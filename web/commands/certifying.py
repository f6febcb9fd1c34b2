"""Checking certificates and entitlements by command: offline, by what they bring and by keys."""

import re
import sys
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click
import msgspec

from ledger.checkpoint import (
    MAX_RECEIPT,
    InvalidNote,
    InvalidReceipt,
    Receipt,
    Verifier,
    open_receipt,
)
from timebank.certificate_seals import MOST, InvalidSeal, Sealed, key_id_of, open_seal, seal_in
from timebank.entitlements import open_entitlement
from web.commands.asked import FOUND, Asked, say
from web.commands.verifier_keys import Key

MOST_BYTES = 1 << 24
ATTACHED = re.compile(
    rb"(/EmbeddedFile\b.{0,300}?)stream\r?\n(.*?)\r?\nendstream", re.DOTALL | re.ASCII
)
RECEIPT = "c2sp.org/tlog-proof@v1\n"
ADDRESS = re.compile(r"https?://\S{1,200}/v/[0-9a-z]{16}#\S+\n?")


class Unproved(Exception):
    """What was given does not prove the certificate."""


class Parts(msgspec.Struct, frozen=True):
    """What a certificate's file holds: its QR code's text, and its receipts."""

    address: str
    receipts: tuple[str, ...] = ()


@click.command("certificate")
@click.argument("certificate", metavar="FILE|TEXT")
@click.option(
    "--vkey",
    "keys",
    type=Key(),
    multiple=True,
    help="The certificate key's or the log's; repeatable. By default the keys of this ledger.",
)
@click.pass_obj
def verify_certificate(asked: Asked, certificate: str, keys: tuple[Verifier, ...]) -> None:
    """Check offline a certificate: its PDF, or the text of its QR code.

    With the log's key the receipts in the PDF are checked too. That it still holds only its
    verification page can say.
    """
    if not keys and asked.settings.log_vkey.exists():
        keys = tuple(map(Verifier.parse, asked.settings.log_vkey.read_text("utf-8").split()))
    if not keys:
        raise click.UsageError("give a key with --vkey")
    try:
        told = check(read(certificate), keys)
    except (InvalidNote, InvalidReceipt, InvalidSeal, Unproved) as error:
        say(asked, {"valid": False, "reason": str(error)}, f"invalid: {error}")
        sys.exit(FOUND)
    say(
        asked,
        {"valid": True} | told,
        "\n".join(["valid", *(f"{name} {value}" for name, value in told.items())]),
    )


@click.command("entitlement")
@click.argument("entitlement", metavar="TEXT")
@click.option("--vkey", "keys", type=Key(), multiple=True, required=True, help="Repeatable.")
@click.pass_obj
def verify_entitlement(asked: Asked, entitlement: str, keys: tuple[Verifier, ...]) -> None:
    """Check offline the text of the QR code of a star's courtesy, with the certificate key.

    Whether it was used or has lapsed only its page can say.
    """
    try:
        told = entitled(entitlement, keys)
    except (InvalidSeal, Unproved) as error:
        say(asked, {"valid": False, "reason": str(error)}, f"invalid: {error}")
        sys.exit(FOUND)
    lines = ["valid", *(f"{name} {value}" for name, value in told.items())]
    say(asked, {"valid": True} | told, "\n".join(lines))


def entitled(text: str, keys: Sequence[Verifier]) -> dict[str, Any]:
    """What an entitlement says, checked with these keys. Raises InvalidSeal, Unproved."""
    place, mark, seal = text.strip().rpartition("#")
    for key in keys:
        try:
            sealed = open_entitlement(seal, key)
        except InvalidSeal as error:
            if error.reason != "key":
                raise
            continue
        if mark and place.rpartition("/e/")[2] != sealed.order:
            raise Unproved("the address is of another order")
        since = sealed.since.isoformat()
        return {"order": sealed.order, "reward": sealed.reward, "star": sealed.star, "since": since}
    raise Unproved("no key that was given signed it")


def check(parts: Parts, keys: Sequence[Verifier]) -> dict[str, Any]:
    """What a certificate says, checked with these keys and with the receipts that it brings.

    Raises InvalidSeal, Unproved.
    """
    seal = seal_in(parts.address)
    receipts = [found for text in parts.receipts if (found := _opened(text, keys)) is not None]
    key = _key(key_id_of(seal), keys, receipts)
    sealed = open_seal(seal, key)
    told = {
        "number": sealed.number,
        "minutes": sealed.minutes,
        "since": sealed.since.isoformat(),
        "until": sealed.until.isoformat(),
        "issued": sealed.issued.isoformat(),
        "key": key.text,
    }
    entry = _entry(sealed, receipts)
    receipt = "not checked, its log's key was not given" if parts.receipts else "not given"
    return told | {"entry": sealed.seq, "receipt": "checked" if entry else receipt}


def _opened(text: str, keys: Sequence[Verifier]) -> Receipt | None:
    """A receipt that holds; None where these keys are not its log's."""
    try:
        return open_receipt(text, keys)
    except InvalidReceipt as error:
        if "unsigned" in str(error):
            return None
        raise


def _key(id: str, keys: Sequence[Verifier], receipts: Sequence[Receipt]) -> Verifier:
    """The key that made the seal: one that was given, or one that the log published."""
    for key in keys:
        if key.id.hex() == id:
            return key
    for receipt in receipts:
        if receipt.entry.kind == "certificate_key.published":
            told = str(receipt.entry.body.get("key"))
            key = Verifier.parse(f"{receipt.checkpoint.origin}/certificates+{told}")
            if key.id.hex() == id:
                return key
    raise Unproved(f"no key {id} was given, and no receipt publishes it")


def _entry(sealed: Sealed, receipts: Sequence[Receipt]) -> Receipt | None:
    """The receipt of the certificate's entry, which must say what the seal says."""
    issued = [one for one in receipts if one.entry.kind == "certificate.issued"]
    if not issued:
        return None
    entry = issued[0].entry
    says = (entry.seq, *(entry.body.get(name) for name in ("code", "number", "minutes")))
    days = (entry.body.get("since"), entry.body.get("until"))
    sealed_days = (sealed.since.isoformat(), sealed.until.isoformat())
    if says != (sealed.seq, sealed.code, sealed.number, sealed.minutes) or days != sealed_days:
        raise Unproved("the receipt is of another certificate")
    return issued[0]


# Reading


def read(certificate: str) -> Parts:
    """What a file or a text holds. Raises Unproved for one that is no certificate."""
    path = Path(certificate)
    if len(certificate) <= MOST and ADDRESS.fullmatch(certificate):
        return Parts(certificate)
    try:
        if not path.is_file():
            return Parts(certificate)
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except (OSError, ValueError):
        return Parts(certificate)
    if len(data) > MOST_BYTES:
        raise Unproved(f"more than {MOST_BYTES} bytes")
    if data.startswith(b"%PDF-"):
        return _parts(data)
    try:
        return Parts(data.decode())
    except UnicodeDecodeError:
        raise Unproved("neither a PDF nor text") from None


def _parts(data: bytes) -> Parts:
    texts = list(_attachments(data))
    addresses = [text for text in texts if ADDRESS.fullmatch(text)]
    if len(addresses) != 1:
        raise Unproved("this PDF brings no certificate")
    receipts = tuple(text for text in texts if text.startswith(RECEIPT))
    return Parts(addresses[0], receipts)


def _attachments(data: bytes) -> Iterator[str]:
    """The texts attached to a PDF that are short enough to be ours."""
    for found in ATTACHED.finditer(data):
        try:
            text = _inflated(found[2]) if b"/FlateDecode" in found[1] else found[2]
            if len(text) <= MAX_RECEIPT:
                yield text.decode()
        except (zlib.error, UnicodeDecodeError):
            continue


def _inflated(data: bytes) -> bytes:
    """What was packed, no more of it than could be a receipt and a byte."""
    return zlib.decompressobj().decompress(data, MAX_RECEIPT + 1)
