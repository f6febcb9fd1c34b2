"""Dual claim summed from an export by other means than the figures: a file of entries, read once.

Knows the CSV of `timebank export` and the divisions' own parents; shares no code with the figures.
"""

import csv
import json
from collections import Counter
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from timebank.divisions import divisions

SHANGHAI = timedelta(hours=8)
PARENTS = {area.code: area.manager for area in divisions()}
Sums = Counter[tuple[str, str, str, str]]
"""Area, month, class or kind, what was counted."""

WISHES = {
    "wish.collected": "told",
    "wish.referred": "referred",
    "wish.declined": "declined",
    "wish.published": "published",
    "wish.claimed": "claimed",
    "wish.returned": "returned",
    "wish.carried_over": "carried_over",
    "wish.taken_over": "taken_over",
    "wish.fulfilled": "granted",
    "wish.reopened": "reopened",
}
POSTS = {
    "post.opened": "opened",
    "post.closed": "closed",
    "post_claim.claimed": "claimed",
    "post_claim.confirmed": "confirmed",
    "post_claim.serving": "begun",
    "post_claim.completed": "completed",
    "post_claim.withdrawn": "withdrawn",
}


def chain(code: str) -> list[str]:
    """An area and whatever manages it."""
    found: list[str] = []
    at: str | None = code
    while at:
        found.append(at)
        at = PARENTS.get(at)
    return found


def sums_of(entries: Path) -> tuple[Sums, Sums]:
    """What wishes and what posts come to, by the file of entries alone."""
    wishes: Sums = Counter()
    posts: Sums = Counter()
    stations: dict[str, str] = {}
    things: dict[str, dict[str, Any]] = {}
    with entries.open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            kind, body = row["kind"], json.loads(row["body"])
            day = (datetime.fromisoformat(row["at"]) + SHANGHAI).date()
            if kind == "station.proposed":
                stations[body["station"]] = body["area"]
            elif kind == "wish.collected":
                area = stations[body["station"]]
                things[body["wish"]] = {"area": area, "about": body["kind_of_wish"], "day": day}
            elif kind == "post.drafted":
                things[body["post"]] = {"area": body["community"], "about": body["post_class"]}
                things[body["post"]]["places"] = body["places"]
            if kind in WISHES or kind == "wish.closed":
                thing = things[body["wish"]]
                _add(wishes, thing, day, _of_wish(kind, body, (day - thing["day"]).days))
            elif kind in POSTS:
                thing = things[body["post"]]
                more = {"places": thing["places"]} if kind == "post.opened" else {}
                _add(posts, thing, day, {POSTS[kind]: 1} | more)
    return wishes, posts


def _of_wish(kind: str, body: dict[str, Any], waited: int) -> dict[str, int]:
    if kind == "wish.closed":
        return {body["rating"]: 1}
    more = {"wish.claimed": "days_to_claim", "wish.fulfilled": "days_to_grant"}
    return {WISHES[kind]: 1} | ({more[kind]: waited} if kind in more else {})


def _add(sums: Sums, thing: dict[str, Any], day: date, counted: dict[str, int]) -> None:
    for area in chain(thing["area"]):
        for name, n in counted.items():
            sums[area, f"{day:%Y-%m}", thing["about"], name] += n
