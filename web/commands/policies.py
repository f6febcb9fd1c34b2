"""Commands about the policy: which holds on a day, and whether a file could be one.

Two city leads propose and publish a policy, signed in: `timebank ask`, or the pages.
"""

import sys
from datetime import date, datetime
from pathlib import Path

import click
import msgspec
import yaml

from timebank import bank
from timebank import policy as policies
from timebank.clock import day_of
from timebank.journal import current
from timebank.refusals import Refusal
from web.commands.asked import FOUND, Asked, console, run, say, there


@click.group()
def policy() -> None:
    """Read the numbers of the rules, and check new ones."""


@policy.command("list")
@click.pass_obj
def listed(asked: Asked) -> None:
    """List every published policy, the first day that it holds and its entry."""

    async def work() -> list[policies.PolicyVersion]:
        async with bank.open_bank(there(asked)):
            return await policies.policies()

    held = run(work())
    told = [{"id": one.id, "effective": one.effective, "entry": one.seq} for one in held]
    lines = [f"{one.effective}  {one.id}  entry {one.seq}" for one in held]
    say(asked, {"policies": told}, "\n".join(lines))


@policy.command("show")
@click.option("--on", type=click.DateTime(["%Y-%m-%d"]), help="Of which day; today if unset.")
@click.pass_obj
def show(asked: Asked, on: datetime | None) -> None:
    """Print the policy of a day, whole, as its entry says it."""

    async def work() -> tuple[date, policies.PolicyVersion | None]:
        async with bank.open_bank(there(asked)):
            day = on.date() if on else day_of(current().clock.now())
            return day, await policies.policy_on(day)

    day, held = run(work())
    if held is None:
        console.print(f"No policy holds on {day}.", style="red")
        sys.exit(FOUND)
    told = msgspec.to_builtins(held.document)
    says = yaml.safe_dump(told, allow_unicode=True, sort_keys=False).rstrip()
    say(asked, {"day": day, "entry": held.seq, "policy": told}, says)


@policy.command("check")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.pass_obj
def check(asked: Asked, file: Path) -> None:
    """Say whether FILE could be proposed as a policy, and the member at fault if not."""
    try:
        read = policies.read_policy(file.read_text("utf-8"))
    except (Refusal, UnicodeDecodeError) as no:
        say(asked, {"good": False, "reason": str(no)}, str(no))
        sys.exit(FOUND)
    effective = read.policy.effective
    told = {"good": True, "id": read.id, "effective": effective}
    say(asked, told, f"{read.id} could hold from {effective} on.")
