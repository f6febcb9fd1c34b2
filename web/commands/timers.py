"""Commands about what falls due: for a cron job, or for an operator who will not wait."""

import sys

import click
import msgspec

from timebank import bank
from timebank.timers import TimerRun, alone, sweep
from web.commands.asked import FOUND, Asked, run, say, there


@click.group()
def timers() -> None:
    """Do what falls due by itself; a server does this every minute."""


@timers.command("run-once")
@click.pass_obj
def run_once(asked: Asked) -> None:
    """Do everything that is due now, unless another scheduler does."""

    async def work() -> list[TimerRun] | None:
        settings = there(asked)
        async with bank.open_bank(settings), alone(settings.database_url) as taken:
            return await sweep() if taken else None

    done = run(work())
    if done is None:
        says = "Another scheduler is at work; nothing was done here."
        say(asked, {"taken": False, "timers": []}, says)
        sys.exit(FOUND)
    lines = [f"{one.name}: {one.done} done, {one.failed} failed" for one in done]
    say(asked, {"taken": True, "timers": msgspec.to_builtins(done)}, "\n".join(lines))
    if any(one.failed for one in done):
        sys.exit(FOUND)
