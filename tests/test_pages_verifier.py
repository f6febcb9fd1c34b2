"""The verifier in the browser: what it takes, what it refuses, and that it asks nobody."""

import json
import re
import zlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page

from ledger.checkpoint import (
    Checkpoint,
    InvalidReceipt,
    Signer,
    Verifier,
    build_receipt,
    open_receipt,
    sign,
)
from ledger.entry import leaf_hash
from tests.demo_site import make_city, serving, tap

pytestmark = pytest.mark.anyio
ROOT = Path(__file__).parent
GOLDEN: dict[str, Any] = json.loads((ROOT / "vectors" / "ledger_v1.json").read_text("utf-8"))
RECEIPT: str = GOLDEN["receipt_1_of_5"]
MOVED = '["volunteer:p_7","minute",90],["issuance:s_420102002003","minute",-90]'
MISSHAPEN = (
    ('"r_1"', '"r 1"'),
    ('"r_1"', '""'),
    ('"r_1"', f'"{"r" * 129}"'),
    ('"r_1"', '"\u202e1_r"'),
    ('"r_1"', "[" * 63 + "]" * 63),
    ('"r_1"', f"[{','.join(['0'] * 4000)}]"),
    ('"record"', '"Record"'),
    ('"record":"r_1"', '"reverses":{"leaf":"ff","seq":0}'),
    ('"volunteer:p_7"', '"volunteer p_7"'),
    ('"minute",90]', '"minute",90,1]'),
    ('"minute",90]', '"hour",90]'),
    (MOVED, '["a","constructor",1],["b","constructor",-1]'),
    (MOVED, '["a","fen",1000000000001],["b","fen",-1000000000001]'),
    (MOVED, ",".join([MOVED] * 33)),
    ('"hours.posted"', '"hours"'),
    ('"p_7","at"', '"","at"'),
    ('"p_7","at"', '"p\x7f","at"'),
    ('"p_7","at"', r'"\ud800","at"'),
    ('"WH-2016-12"', "7"),
    ('"2016-12-01T00', '"2016-13-01T00'),
    ('"2016-12-01T00', '"2016-02-30T00'),
    ('"11111111111111111111111111111111"', '"11"'),
)
"""Parts of an entry, and what no entry has in their place (ledger format 1)."""
FULL = (
    ('"r_1"', f'"{"r" * 128}"'),
    ('"r_1"', "[" * 62 + "]" * 62),
    (MOVED, ",".join([MOVED] * 32)),
    (MOVED, '["a","fen",1000000000000],["b","fen",-1000000000000]'),
    ('"p_7","at"', '"江\u0080城","at"'),
    ('"2016-12-01T00', '"2016-02-29T00'),
)
"""What an entry may just have."""
OLD_BROWSER = """
Object.defineProperty(crypto, "subtle", { value: undefined });
"""
TRY_EACH = """async texts => {
  const [form, told] = [document.getElementById("verify"), document.getElementById("told")];
  const answers = [];
  for (const text of texts) {
    told.hidden = true;
    document.getElementById("receipt").value = text;
    form.requestSubmit();
    while (told.hidden) await new Promise(done => setTimeout(done));
    answers.push(told.classList.contains("done"));
  }
  return answers;
}"""


@pytest.fixture(scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    async with serving(await make_city(tmp_path_factory.mktemp("city"))) as address:
        yield address


async def verifier(browser: Browser, site: str, *, old: bool = False) -> tuple[Page, list[str]]:
    """The verifier with the golden log's key, and every request that it makes from now on."""
    context = await browser.new_context(locale="zh-CN", viewport={"width": 360, "height": 900})
    context.set_default_timeout(10_000)
    page = await context.new_page()
    if old:
        await page.add_init_script(OLD_BROWSER)
    await page.goto(f"{site}/verify", wait_until="networkidle")
    await page.get_by_text("用哪些公钥核验").click()
    await page.get_by_label("账本与见证人的公钥").fill(GOLDEN["log_vkey"])
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    return page, asked


async def verdict(page: Page) -> str:
    """What the page says of what it was given."""
    told = page.locator("#told")
    await told.wait_for()
    return await told.inner_text()


@pytest.mark.parametrize("old", [False, True])
async def test_the_golden_receipt_holds_and_the_server_is_not_asked(
    browser: Browser, site: str, old: bool
) -> None:
    page, asked = await verifier(browser, site, old=old)
    await page.get_by_label("或者粘贴回执").fill(RECEIPT)
    assert await tap(page.get_by_role("button", name="核验")) == 1
    said = await verdict(page)
    assert "核验通过" in said
    assert "hours.posted" in said
    assert asked == []


@pytest.mark.parametrize(("old", "step"), [(False, 1), (True, 97)])
async def test_no_receipt_holds_with_any_character_changed(
    browser: Browser, site: str, old: bool, step: int
) -> None:
    page, asked = await verifier(browser, site, old=old)
    wrong = [
        RECEIPT[:n] + chr(ord(RECEIPT[n]) ^ 1) + RECEIPT[n + 1 :]
        for n in range(0, len(RECEIPT), step)
    ]
    answers = await page.evaluate(TRY_EACH, [*wrong, RECEIPT])
    assert answers == [False] * len(wrong) + [True]
    assert asked == []


def signed_alone(entry: str) -> str:
    """The receipt of bytes that the golden log signed as its first entry, whatever they are."""
    data = re.sub('"seq":[0-9]+', '"seq":0', entry).encode()
    told = Checkpoint(GOLDEN["origin"], 1, leaf_hash(data))
    note = sign(told, Signer(GOLDEN["origin"], bytes.fromhex(GOLDEN["log_seed"])))
    return build_receipt(data, 0, (), note)


async def test_what_no_log_may_hold_is_refused_even_where_one_signed_it(
    browser: Browser, site: str
) -> None:
    """As the command does: one file, one answer."""
    sound: str = GOLDEN["entries"][1]["bytes"]
    wrong: list[str] = [one["bytes"] for one in GOLDEN["refused"]]
    for old, new in MISSHAPEN:
        assert old in sound
        wrong.append(sound.replace(old, new))
    right = [sound, *(sound.replace(old, new) for old, new in FULL)]
    log = Verifier.parse(GOLDEN["log_vkey"])
    for entry in wrong:
        with pytest.raises(InvalidReceipt, match="entry: "):
            open_receipt(signed_alone(entry), log)
    assert all(open_receipt(signed_alone(entry), log) for entry in right)
    page, _ = await verifier(browser, site)
    answers = await page.evaluate(TRY_EACH, [signed_alone(entry) for entry in [*wrong, *right]])
    assert [e for e, taken in zip(wrong, answers, strict=False) if taken] == []
    assert answers[len(wrong) :] == [True] * len(right)


async def test_another_log_s_key_and_none_prove_nothing(browser: Browser, site: str) -> None:
    page, _ = await verifier(browser, site)
    keys = page.get_by_label("账本与见证人的公钥")
    for other in (GOLDEN["witnesses"][0]["vkey"], "", f"{GOLDEN['log_vkey']}x"):
        await keys.fill(other)
        assert await page.evaluate(TRY_EACH, [RECEIPT]) == [False]


async def test_witnesses_whose_keys_are_given_are_counted(browser: Browser, site: str) -> None:
    page, _ = await verifier(browser, site)
    witnesses = [one["vkey"] for one in GOLDEN["witnesses"]]
    await page.get_by_label("账本与见证人的公钥").fill(" ".join([GOLDEN["log_vkey"], *witnesses]))
    proof = RECEIPT.partition("\n\n")[0] + "\n\n"
    await page.get_by_label("或者粘贴回执").fill(proof + GOLDEN["cosigned_checkpoint"])
    await page.get_by_role("button", name="核验").click()
    cosigned = GOLDEN["cosigned_checkpoint"].count("\n— ") - 1
    assert re.search(rf"见证人数\s+{cosigned}\b", await verdict(page))
    note = GOLDEN["cosigned_checkpoint"]
    at = note.rindex("\n— ") + 80
    forged = note[:at] + ("A" if note[at] != "A" else "B") + note[at + 1 :]
    assert await page.evaluate(TRY_EACH, [proof + forged]) == [False]


async def test_a_file_and_the_attachment_of_a_pdf_are_read(browser: Browser, site: str) -> None:
    page, asked = await verifier(browser, site)
    changed = RECEIPT.replace("index 1", "index 2")
    for text, holds in ((RECEIPT, True), (changed, False)):
        pdf = b"%PDF-1.7\n1 0 obj<<>>\nstream\n" + zlib.compress(text.encode())
        for name, held in (("r.txt", text.encode()), ("c.pdf", pdf + b"\nendstream\nendobj\n")):
            await page.evaluate("document.getElementById('told').hidden = true")
            await page.get_by_label("选择或拖入文件").set_input_files(
                {"name": name, "mimeType": "application/octet-stream", "buffer": held}
            )
            assert ("核验通过" in await verdict(page)) == holds, name
    assert asked == []
