"""The shape of the house: where things lie, who imports whom, and what every capability brings.

Knows the tree and the registries; refuses to know what any capability does. A rule about something
that does not exist yet finds nothing, and begins to hold by itself when it appears.
"""

import ast
import importlib
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from importlinter.cli import lint_imports

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = [name for name in ("ledger", "timebank", "schema", "web") if (ROOT / name).is_dir()]
TOP_LEVEL = {
    *(".ci", ".gitignore", "LICENSE", "Makefile", "README.md", "pyproject.toml"),
    *("requirements.lock", "deploy", "ledger", "timebank", "schema", "web", "tests"),
}
LONGEST_FILE = 400
LAZY_NAMES = re.compile(r"^(utils?|helpers?|common|misc|shared|base|core|manager|service)s?$")
UNFINISHED = re.compile(
    r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK")) + r")\b"
)
PACKAGE_INDEX = re.compile(
    r"https?://[^\s\"']*(?:/simple\b|pythonhosted)|(?<!emit-)\bindex-url\s*[=:]|file:/{2,3}\w"
)
SILENCED = re.compile(r"#\s*(?:type:\s*ignore|noqa)\b(?P<codes>\S*)(?P<reason>.*)")

# Modules that compute and never reach outside themselves, each with its own import rules.
PURE = ["ledger/entry.py", "ledger/merkle.py", "ledger/checkpoint.py"]
REACHES_OUT = {
    *("asyncio", "asyncpg", "http", "httpx", "io", "os", "pathlib", "random", "shutil", "socket"),
    *("sqlite3", "ssl", "subprocess", "tempfile", "threading", "time", "tortoise", "urllib"),
}

# Python takes a second and more to begin and import everything. Few modules of tests start it, to
# see it begin or to start little; the others fork what has begun, or ask in their own process.
MOST_STARTING_PYTHON = 18


@cache
def tracked() -> tuple[Path, ...]:
    """The files that git keeps, relative to the root, as far as they are still there."""
    told = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False, text=True
    )
    if told.returncode != 0:
        pytest.skip("not a git checkout: what belongs to the project cannot be told")
    names = (Path(name) for name in told.stdout.split("\0") if name)
    return tuple(name for name in names if (ROOT / name).is_file())


def sources(*, tests: bool = True) -> list[Path]:
    """Python files of the project, without migrations, which a tool writes."""
    roots = {*PACKAGES, *(["tests"] if tests else [])}
    return [
        name
        for name in tracked()
        if name.suffix == ".py" and name.parts[0] in roots and "migrations" not in name.parts
    ]


def text(name: Path) -> str:
    """A tracked file as text; nothing for a binary one."""
    try:
        return (ROOT / name).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


def imports(name: Path) -> Iterator[str]:
    """Dotted names that a module imports, wherever in it."""
    for node in ast.walk(ast.parse(text(name))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            yield from (f"{module}.{alias.name}" for alias in node.names)


def decisions(name: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """The functions of a module that decide."""
    for node in ast.parse(text(name)).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name[:7] == "decide_":
            yield node


# Packages


@pytest.mark.parametrize("package", PACKAGES)
def test_our_package_names_resolve_to_this_repository(package: str) -> None:
    found = importlib.import_module(package)

    assert [Path(place).resolve() for place in found.__path__] == [ROOT / package]


def test_the_import_contracts_hold() -> None:
    assert lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True) == 0


def test_pages_and_forms_know_only_the_schema() -> None:
    strangers = {
        (str(name), wanted)
        for name in sources(tests=False)
        if name.parts[:2] in {("web", "pages.py"), ("web", "forms.py"), ("web", "pages")}
        for wanted in imports(name)
        if wanted.split(".")[0] in {"timebank", "ledger"}
    }
    assert not strangers


def test_pure_modules_reach_nothing_outside_themselves() -> None:
    reached = {
        (str(name), wanted)
        for name in sources(tests=False)
        if name.as_posix() in PURE
        for wanted in imports(name)
        if wanted.split(".")[0] in REACHES_OUT
    }
    assert not reached


def test_decisions_are_synchronous_and_ask_neither_clock_nor_chance() -> None:
    impure = {
        f"{name}: {decision.name}"
        for name in sources(tests=False)
        for decision in decisions(name)
        for node in ast.walk(decision)
        if isinstance(node, ast.AsyncFunctionDef | ast.Await)
        or (isinstance(node, ast.Name) and node.id in {"clock", "ids", "journal", "secrets"})
    }
    assert not impure


# Tree


def test_the_top_level_holds_only_what_belongs_there() -> None:
    assert {name.parts[0] for name in tracked()} <= TOP_LEVEL


def test_no_file_is_longer_than_a_reader_bears() -> None:
    long = {
        str(name): lines for name in sources() if (lines := text(name).count("\n")) > LONGEST_FILE
    }

    assert not long


def test_no_module_has_a_name_that_says_nothing() -> None:
    assert not [
        str(name) for name in sources() if any(map(LAZY_NAMES.match, [*name.parts[:-1], name.stem]))
    ]


def test_every_module_says_what_it_knows() -> None:
    mute = [
        str(name)
        for name in sources()
        if (source := text(name)).strip() and not ast.get_docstring(ast.parse(source))
    ]
    assert not mute


def test_nothing_is_left_for_later_in_the_code() -> None:
    left = [
        f"{name}:{number}"
        for name in tracked()
        if name.suffix != ".lock" and "vendor" not in name.parts
        for number, line in enumerate(text(name).splitlines(), 1)
        if UNFINISHED.search(line)
    ]
    assert not left


def test_a_silenced_check_says_why() -> None:
    unexplained = [
        f"{name}:{number}"
        for name in sources()
        if name.name != Path(__file__).name
        for number, line in enumerate(text(name).splitlines(), 1)
        if (found := SILENCED.search(line)) and len(found["reason"].strip(" #-")) < 10
    ]
    assert not unexplained


def test_no_file_names_a_package_index() -> None:
    named = [str(name) for name in tracked() if PACKAGE_INDEX.search(text(name))]

    assert not named


@pytest.mark.parametrize(
    ("lock", "least"),
    [("requirements.lock", 50), ("deploy/requirements.lock", 50), ("tests/judges.lock", 30)],
)
def test_every_dependency_is_locked_with_its_hashes(lock: str, least: int) -> None:
    entries = re.split(r"\n(?=\S)", text(Path(lock)).strip())

    assert len(entries) > least
    assert not [entry for entry in entries if "==" not in entry or "--hash=sha256:" not in entry]


def test_few_tests_wait_for_python_to_begin() -> None:
    tests = [name for name in sources() if name.parts[0] == "tests" and len(name.parts) == 2]
    starts = [name for name in tests if "sys." + "executable" in (ROOT / name).read_text("utf-8")]
    assert len(starts) <= MOST_STARTING_PYTHON, "use tests/processes.py or tests/commands.py"
