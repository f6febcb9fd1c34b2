"""What somebody typed, chose or ticked is there again when a form was refused, and there alone."""

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.disputes import objected
from tests.posting import Pages, refused
from tests.world import World
from timebank.access import Role

TEMPLATES = Path(__file__).parent.parent / "web" / "templates"
ASIDE = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
TAG = re.compile(r"<(input|option|textarea)((?:\{\{.*?\}\}|\{%.*?%\}|[^>])*)>([^<]*)", re.DOTALL)
TYPED = {"text", "number", "date", "time", "tel", "email"}
NOT_KEPT = {
    "sure": "what cannot be undone is meant each time",
    "one_time": "a code is good once",
    "receipt": "it is read by the browser and sent nowhere",
    ("desk_offline.html", "number"): "a page without a server refuses nothing",
}


def losing(template: str, text: str) -> Iterator[str]:
    """The tags of a template that would come back empty."""
    for kind, inside, after in TAG.findall(text):
        plain = ASIDE.sub("", inside)
        named = re.search(r'name="([^"]*)"', plain) or re.search(r'id="([^"]*)"', plain)
        name = named[1] if named else ""
        if name in NOT_KEPT or (template, name) in NOT_KEPT:
            continue
        of = re.search(r'type="([^"]*)"', plain)
        looped = re.search(r'value="\{\{', inside)
        kept = {
            "input": {"checkbox": "checked", "radio": "checked"}.get(of[1] if of else "", "value="),
            "option": "selected" if looped else "",
            "textarea": "",
        }[kind]
        typed = kind != "input" or (of and of[1] in TYPED | {"checkbox", "radio"})
        if typed and (kept not in inside or (kind == "textarea" and "{{" not in after)):
            yield f"{template}: {kind} {name}"


def test_every_field_of_a_form_comes_back_with_what_was_in_it() -> None:
    lost = [
        one
        for file in sorted(TEMPLATES.glob("*.html"))
        for one in losing(file.name, file.read_text("utf-8"))
    ]
    assert lost == []


def ticked(answer: httpx.Response, name: str) -> bool:
    """Whether a box came back ticked."""
    return re.search(rf'<input type="checkbox" name="{name}"[^>]* checked', answer.text) is not None


@pytest.mark.anyio
@pytest.mark.one_database
async def test_a_refused_wish_keeps_what_was_ticked_and_no_more(world: World) -> None:
    pages, clerk = Pages(world), world.staff[Role.STATION_CLERK]
    told = {"words": "修水龙头", "name": "陈桂兰", "phone": "1", "kind": "REPAIR"}
    desk = "/desk/wishes?station=001"
    answer = await pages.post(clerk, desk, "/desk/wishes/tell", **told, consent="yes")
    refused(answer)
    assert (ticked(answer, "consent"), ticked(answer, "publish")) == (True, False)


@pytest.mark.anyio
@pytest.mark.one_database
async def test_what_is_written_about_one_of_several_stays_with_that_one(world: World) -> None:
    pages, lead = Pages(world), world.staff[Role.DISTRICT_LEAD]
    about = [await objected(world, await world.volunteer()) for _ in range(2)]
    page, act = "/office/objections", "/office/objections/decide"
    told = {"grounds": "NEVER_HAPPENED", "decision": "查" * 5000, "starts": "08:10"}
    answer = await pages.post(lead, page, act, objection=about[1], **told)
    refused(answer)
    forms = re.findall(rf'action="{act}".*?</form>', answer.text, re.DOTALL)
    assert len(forms) == len(about)
    for form in forms:
        own = f'value="{about[1]}"' in form
        assert all((one in form) == own for one in ("查查", 'value="08:10"', "selected"))
