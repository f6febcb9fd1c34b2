"""The pictures of the manual and the README: made by this test, each of its page, small and shown.

`make pictures` sets TIMEBANK_TEST_PICTURES and writes them anew from the demonstration city, and
beside them what they were taken of; every test run holds those that are kept to their list, their
size, the pages that show them, and the templates and styles they show.
"""

import base64
import hashlib
import json
import os
from pathlib import Path

import pytest
from jinja2 import Environment, meta
from playwright.async_api import Browser

from tests.demo_site import afternoon, enter, make_city, serving
from timebank.demo import Size
from web.pages.every import PAGES

pytestmark = pytest.mark.anyio
ROOT = Path(__file__).parent.parent
KEPT = ROOT / "web" / "static" / "pictures"
PHONE, DESK = (360, 760), (900, 800)
PICTURES = {
    "volunteer": ("志愿者", "/", PHONE),
    "station": ("站点工作人员", "/desk", DESK),
    "organisation": ("社会组织经办代表", "/organisations", (900, 600)),
    "officer": ("区登记员", "/office/organisations", DESK),
    "auditor": ("审计员", "/ledger", DESK),
    "statistics": ("审计员", "/statistics", (900, 1650)),
}
"""Of what part: who looks, at which page, in a window how wide and at most about how high."""
TEMPLATES, STYLES = ROOT / "web" / "templates", ROOT / "web" / "static" / "timebank.css"
TAKEN = Path(__file__).parent / "pictures.json"
"""What the pictures were taken of: each page's own template whole, and the lines of what it shares
with all others, which may grow and not change."""
SHARED = (TEMPLATES / "base.html", TEMPLATES / "parts.html", STYLES)
LANGUAGES = {"zh": "zh-CN", "en": "en"}
MOST_BYTES = 96 * 1024
ENDS = """limit => { const bar = document.querySelector(".bar");
  const ends = [...document.querySelectorAll("main > .card, main > .pair")]
    .map(card => card.getBoundingClientRect().bottom).filter(end => end <= limit);
  const covered = getComputedStyle(bar).position === "fixed" ? bar.offsetHeight : 0;
  return Math.ceil((ends.length ? Math.max(...ends) : limit) + 8 + covered); }"""
"""Where a picture ends: below the last card that is whole in it."""
PACK = """async png => { const image = new Image(); image.src = png; await image.decode();
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [image.width, image.height];
  canvas.getContext("2d").drawImage(image, 0, 0);
  return canvas.toDataURL("image/webp", 0.9).split(",")[1]; }"""
"""The browser packs what it drew: a picture of text is a quarter of its PNG."""


def shown_by(name: str) -> str:
    """The digest of the template of a picture's page, of what it includes for itself, and of the
    names of the pages beside it."""
    _, path, _ = PICTURES[name]
    (page,) = [page for page in PAGES if page.path == path]
    jinja = Environment()
    found, asked = dict[str, bytes](), [page.template]
    while asked:
        template = asked.pop()
        if template not in found and TEMPLATES / template not in SHARED:
            found[template] = (TEMPLATES / template).read_bytes()
            tree = jinja.parse(found[template].decode())
            asked += [one for one in meta.find_referenced_templates(tree) if one]
    beside = " ".join(one.menu or "" for one in PAGES if one.group == page.group)
    parts = [*(found[one] for one in sorted(found)), beside.encode()]
    return hashlib.sha256(b"\n".join(parts)).hexdigest()


def shared_lines() -> list[str]:
    """A digest of each line that every page shares."""
    lines = {line.strip() for file in SHARED for line in file.read_bytes().splitlines()}
    return sorted(hashlib.sha256(line).hexdigest()[:12] for line in lines)


def names() -> list[str]:
    """The files, one a picture and language."""
    return [f"{name}-{short}.webp" for name in PICTURES for short in LANGUAGES]


@pytest.mark.skipif("TIMEBANK_TEST_PICTURES" not in os.environ, reason="pictures are kept")
async def test_pictures_are_taken_of_the_demonstration(browser: Browser, tmp_path: Path) -> None:
    settings = await make_city(tmp_path, size=Size())
    KEPT.mkdir(exist_ok=True)
    async with serving(settings, clock=afternoon()) as site:
        for name, (who, path, (width, height)) in PICTURES.items():
            for short, language in LANGUAGES.items():
                tab, said = await enter(browser, site, who)
                await tab.context.add_cookies(
                    [{"name": "language", "value": language, "url": site}]
                )
                await tab.set_viewport_size({"width": width, "height": height})
                await tab.goto(site + path)
                assert await tab.evaluate("document.documentElement.scrollWidth") <= width
                assert said == []
                await tab.set_viewport_size(
                    {"width": width, "height": await tab.evaluate(ENDS, height)}
                )
                taken = base64.b64encode(await tab.screenshot()).decode()
                await tab.goto("about:blank")
                packed = await tab.evaluate(PACK, f"data:image/png;base64,{taken}")
                (KEPT / f"{name}-{short}.webp").write_bytes(base64.b64decode(packed))
                await tab.context.close()
    told = {"pages": {name: shown_by(name) for name in PICTURES}, "shared": shared_lines()}
    TAKEN.write_text(json.dumps(told, indent=0) + "\n")


@pytest.mark.parametrize("name", names())
def test_each_picture_is_small_and_of_its_window(name: str) -> None:
    held = (KEPT / name).read_bytes()
    assert (held[:4], held[8:16]) == (b"RIFF", b"WEBPVP8X")
    _, path, (width, height) = PICTURES[name.partition("-")[0]]
    wide, high = (1 + int.from_bytes(held[at : at + 3], "little") for at in (24, 27))
    assert wide == width
    assert 300 < high < height + 100
    assert len(held) <= MOST_BYTES
    assert path in {page.path for page in PAGES}


def test_each_picture_shows_its_page_as_it_is() -> None:
    """Whoever changes what a picture shows takes it anew (`make pictures`) and looks at it."""
    taken = json.loads(TAKEN.read_text("ascii"))
    assert taken["pages"] == {name: shown_by(name) for name in PICTURES}
    assert set(taken["shared"]) - set(shared_lines()) == set()


def test_each_picture_is_shown_in_its_language_and_none_is_left_over() -> None:
    assert sorted(path.name for path in KEPT.iterdir()) == sorted(names())
    manual = (ROOT / "web" / "templates" / "manual.html").read_text("utf-8")
    for name in PICTURES:
        assert f'picture("{name}"' in manual
    readme = (ROOT / "README.md").read_text("utf-8")
    assert all(f"web/static/pictures/{name}" in readme for name in ("volunteer-zh", "station-en"))
