"""What every capability brings: a module, an API, tests, translated refusals, migrated tables.

Knows the registries that the project fills when it is imported; refuses to know what is in them.
"""

import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest

import schema
from timebank.capabilities import CAPABILITIES
from timebank.refusals import Denial, Refusal
from timebank.words import catalogue

ROOT = Path(__file__).resolve().parent.parent
ASK_FOR_MIGRATIONS = (
    "import asyncio; from timebank.orm import new_migrations as new;"
    "print(*asyncio.run(new(write=False)))"
)
PLACEHOLDER = re.compile(r"{(\w+)}")

# Capabilities that nobody asks over the wire, each with the reason.
WITHOUT_API: dict[str, str] = {
    "timebank.merged_records": "what a merge moves; schema/merges.py asks for it",
    "timebank.name_fill": "the software's own, by timer",
    "timebank.outbox": "the software's own timer sends what lies in it; deliveries show it",
    "timebank.webhooks": "programs of the settings; metrics show how far they are",
    "timebank.dormancy": "the software's own timer flags it; the account shows it",
    "timebank.escalations": "the software's own timers bring orders on; nobody else may",
    "timebank.forgotten_visits": "the software's own timer closes them; nobody else may",
    "timebank.organisation_facts": "annual reports show them, field by field",
    "timebank.organisation_money": "annual reports show it, field by field",
    "timebank.overdue_rosters": "the software's own timer marks them; the activity shows it",
    "timebank.wish_rounds": "the software's own timer moves wishes on; nobody else may",
    "timebank.silence": "the software's own timer lets silence count; nobody else may",
}
# Modules still being built: excused from API, tests and met refusals. Whoever finishes one strikes
# it out, and nothing else excuses anything.
UNDERWAY = {
    "timebank.accounts",
    "timebank.rewards",
    "timebank.texts",
}


def refusals() -> list[type[Refusal]]:
    """Every refusal that the capabilities open; a test may register its own."""
    return [refusal for refusal in Refusal.registry.values() if is_ours(refusal)]


def is_ours(raised: type[Exception]) -> bool:
    """Whether a class is the project's and not a test's."""
    return raised.__module__.split(".")[0] in {"timebank", "schema", "web", "ledger"}


@cache
def tracked() -> frozenset[Path]:
    """The files that git keeps: work in progress beside them is not judged."""
    told = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False, text=True
    )
    if told.returncode != 0:
        pytest.skip("not a git checkout: what belongs to the project cannot be told")
    return frozenset(ROOT / name for name in told.stdout.split("\0") if name)


def place_of(capability: ModuleType) -> Path:
    """A capability's module relative to its package: `access.py`, `funding/calls.py`."""
    inside = capability.__name__.split(".")[1:]
    if hasattr(capability, "__path__"):
        return Path(*inside)
    return Path(*inside).with_suffix(".py")


@cache
def words_of_tests() -> frozenset[str]:
    """Every word in the tests but these."""
    return frozenset(
        word
        for file in (ROOT / "tests").rglob("test_*.py")
        if file.stem != "test_house" and not file.stem.startswith("test_house_")
        for word in re.findall(r"\w+", file.read_text("utf-8"))
    )


@pytest.mark.parametrize("capability", CAPABILITIES, ids=lambda module: module.__name__)
def test_a_capability_has_an_api_or_a_reason_for_none(capability: ModuleType) -> None:
    has_api = (ROOT / "schema" / place_of(capability)).exists()
    excused = capability.__name__ in UNDERWAY

    assert excused or has_api != (capability.__name__ in WITHOUT_API)


@pytest.mark.parametrize("capability", CAPABILITIES, ids=lambda module: module.__name__)
def test_a_capability_has_a_test_file_of_its_name(capability: ModuleType) -> None:
    name = "_".join(capability.__name__.split(".")[1:])

    assert list((ROOT / "tests").glob(f"test_{name}*.py")) or capability.__name__ in UNDERWAY


def test_reasons_for_having_no_api_are_about_capabilities_that_exist() -> None:
    assert set(WITHOUT_API) <= {capability.__name__ for capability in CAPABILITIES}


def test_every_module_that_decides_is_opened_by_the_list() -> None:
    opened = {module for module in sys.modules if module.startswith("timebank.")}
    deciding = {
        ".".join(file.relative_to(ROOT).with_suffix("").parts)
        for file in (ROOT / "timebank").rglob("*.py")
        if file in tracked() and re.search(r"^def decide_", file.read_text("utf-8"), re.MULTILINE)
    }
    assert deciding <= opened


@pytest.mark.parametrize("refusal", refusals(), ids=lambda refusal: refusal.code)
def test_every_refusal_is_met_by_some_test(refusal: type[Refusal]) -> None:
    assert words_of_tests() & {refusal.__name__, refusal.code} or refusal.__module__ in UNDERWAY


@pytest.mark.parametrize("refusal", refusals(), ids=lambda refusal: refusal.code)
def test_a_refusal_says_only_what_it_carries(refusal: type[Refusal]) -> None:
    assert set(PLACEHOLDER.findall(refusal.says)) <= set(refusal.fields)


def test_every_sentence_of_a_refusal_or_denial_is_translated() -> None:
    denials: list[type[Denial]] = [Denial, *filter(is_ours, Denial.__subclasses__())]
    said = {*(no.says for no in refusals()), *(no.says for no in denials)}

    assert said <= catalogue("zh-CN").keys()


@pytest.mark.parametrize("kept", sorted((ROOT / "schema").glob("*.graphql")))
def test_the_printed_schema_is_the_schema(kept: Path) -> None:
    assert kept.read_text("utf-8") == schema.printed()


def test_no_table_waits_for_a_migration() -> None:
    # In a process of its own: other tests bring tables of their own into this one.
    asked = subprocess.run(
        [sys.executable, "-c", ASK_FOR_MIGRATIONS],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    )
    assert asked.stdout.split() == []
