"""Sums over an exported ledger, by a reader of its own: the two files and nothing of ours.

Says, as JSON, what the files add up to: minutes by account and by kind of account, lifetime minutes
of service by volunteer, what was redeemed and paid for help in the 90 days to a day, how many
entries there are of a kind. Run as `python export_sums.py ENTRIES POSTINGS DAY`, the day as in
Wuhan.
"""

import csv
import json
import sys
from collections import Counter
from datetime import date, datetime, timedelta, timezone

WUHAN = timezone(timedelta(hours=8))
BEGINS = {"hours.posted", "hours.posted_silent", "hours.reinstated", "hours.reinstated_silent"}
ENDS = {"hours.reversed", "hours.repudiated", "hours.voided"}
csv.field_size_limit(1 << 30)


def summed(entries: str, postings: str, day: date) -> dict[str, object]:
    """What the files add up to."""
    kinds: Counter[str] = Counter()
    service: dict[str, tuple[str, int]] = {}
    merged: dict[str, str] = {}
    accounts: Counter[str] = Counter()
    minted: Counter[str] = Counter()
    back: Counter[str] = Counter()
    since, drawn = day - timedelta(days=89), 0
    with open(entries, encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            kind, body = row["kind"], json.loads(row["body"])
            kinds[kind] += 1
            if kind in BEGINS and not body.get("after_silence"):
                service[body["record"]] = (body["volunteer"], body["minutes"])
            elif kind in ENDS:
                service.pop(body["record"], None)
            elif kind == "person.merged":
                merged[body["person"]] = body["kept"]
            elif kind in ("help.settled", "help.partly_settled"):
                when = datetime.fromisoformat(row["at"]).astimezone(WUHAN).date()
                drawn += body["minutes"] if since <= when <= day else 0
    with open(postings, encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            if row["unit"] != "minute":
                continue
            account, amount = row["account"].lstrip("'"), int(row["amount"])
            accounts[account] += amount
            if account.startswith("issuance:"):
                minted[account.partition(":")[2]] += max(0, -amount)
                back[account.partition(":")[2]] += max(0, amount)
            if account.startswith("reward:") and since <= date.fromisoformat(row["day"]) <= day:
                drawn += amount
    lifetimes: Counter[str] = Counter()
    for volunteer, minutes in service.values():
        lifetimes[_kept(volunteer, merged)] += minutes
    by_kind: Counter[str] = Counter()
    for account, balance in accounts.items():
        by_kind[account.partition(":")[0]] += balance
    return {
        "kinds": kinds,
        "accounts": accounts,
        "by_kind": by_kind,
        "lifetimes": lifetimes,
        "drawn": drawn,
        "minted": minted,
        "reversed": back,
    }


def _kept(volunteer: str, merged: dict[str, str]) -> str:
    """Who somebody turned out to be."""
    while volunteer in merged:
        volunteer = merged[volunteer]
    return volunteer


if __name__ == "__main__":
    first, second, until = sys.argv[1:]
    json.dump(summed(first, second, date.fromisoformat(until)), sys.stdout)
