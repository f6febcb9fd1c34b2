"""`python -m tests.bench.readme`: the README's figures, written from bench-results.json.

Two parts of the README stand between marks and are written here alone: the table of benchmarks,
below it why something is not where it should be, and what a city, a province and the country need
by those figures.
"""

import re
import sys
from collections.abc import Mapping
from pathlib import Path

import msgspec

from tests.bench.figures import RESULTS, Results, table
from tests.bench.simulation import costs_of
from tests.bench.simulation import table as simulated

README = Path("README.md")

WHY = {
    "P1": "some 0.9 ms of processor each, where pgbench's whole transaction takes 0.35. In the "
    "servers 640 us, by profile: 130 HTTP, 85 GraphQL, 130 who asks and what is read for the "
    "answer, 120 the decision, its sealed entry and projections, 125 the statements that write "
    "them and the lock, 50 the loop and the checkpoints. In PostgreSQL 180 us, for thirteen rows "
    "with their indexes. In the clients 60.",
    "P2": "some 0.75 ms of processor each on the one core, beside a disk that takes a row in 0.07 "
    "ms. By profile 200 us HTTP, 120 GraphQL, 110 who asks and what is read for the answer, 130 "
    "the decision, its sealed entry and projections, 140 thirteen rows with their indexes in the "
    "file and the thread that writes them, 50 the loop and the checkpoints.",
    "P3": "some 0.17 ms of processor a row in the server and 0.05 ms in PostgreSQL: by profile two "
    "fifths decide and seal the row, a quarter is GraphQL's, which reads 500 rows of variables, "
    "digests and answers them, the rest finds, projects and writes. Six times pgbench leaves some "
    "0.04 ms a row, and sealing its entry alone takes 0.02.",
    "P4": "twelve look-ups and twenty lines of a statement a query. A query of nothing takes the "
    "worker 230 to 270 us over HTTP, where a bare answer takes 41 to 57: by perf two thirds of it "
    "are the interpreter, a sixth the kernel, a twentieth SQLite, which finds session and roles. "
    "Of the rest, by profile in one process, SQLite takes a quarter, the lines from row to spelled "
    "moment another, the walk along the plan with its loaders, conditions, pages and the opened "
    "title what is left. A tenth of a bare answer's rate leaves some 450 us for all. On PostgreSQL "
    "what is looked up alike goes together, and still waits for the server twelve times.",
    "P5": "three quarters of the walk hash the tree: a leaf and, on the average, one inner node an "
    "entry; the entries' own chain and their order take the rest.",
    "P7": "a receipt reads five pages more of tables and indexes, which at 10,000 entries lie in "
    "the buffers, or in the processor's cache, and at millions in neither. Its proof is of 23 "
    "hashes instead of 14, and 96 are computed for it instead of 70: a process begins without "
    "those that it keeps of the tiles above.",
    "P8": "a template is filled by Python at a hundred places, which takes twice a bare answer.",
    "P10": "each row is a decision of its own: of some 120 us of processor it takes 62, of which "
    "15 seal the entry and 11 ask whether the days have room; SQLite takes 20, reading the "
    "file 8, and the rest finds numbers and rows and makes them into what the tables keep. Python "
    "runs one thread at a time: of all this only what SQLite and the disk do by themselves could "
    "go on beside the decisions.",
}
"""What the time goes into by profile, for what is below its floor or its goal."""

PROFILED = (
    "Microseconds in the reasons are of profiles on an Intel Xeon that hashes an entry twice in "
    "2.1 us; they say where the time goes, on a faster machine less of it."
)

SHARED = (
    "More programs wanted the machine than it has cores: each rate is the least that is reached, "
    "and what rests on a rate below is the worst."
)


def between(name: str, text: str, readme: str) -> str:
    """A README with something else between two marks. ValueError where they are not there."""
    marks = rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)"
    made, times = re.subn(
        marks, lambda found: f"{found[1]}{text}\n{found[2]}", readme, flags=re.DOTALL
    )
    if times != 1:
        raise ValueError(f"the README has no single {name}")
    return made


def measured(results: Results) -> str:
    """The table, what is not met and why, and on what it was measured."""
    unmet = {
        figure.number
        for part in results.parts
        for figure in part.figures
        if figure.judged in {"below", "floor"}
    }
    whys = [f"* {number}: {WHY[number]}" for number in sorted(unmet & WHY.keys())]
    on = ", ".join(f"{what} {named}" for what, named in results.machine.items())
    reasons = [*whys, "", PROFILED] if whys else []
    said = [table(results.parts), "", *reasons, f"Measured on: {on}."]
    if float(results.machine.get("load before", "0")) > float(results.machine["cores"]):
        said.append(SHARED)
    return "\n".join(said)


def values(results: Results) -> Mapping[str, float]:
    """The figures by their numbers; PostgreSQL's, measured last, where both were asked."""
    return {
        figure.number: figure.value
        for part in results.parts
        for figure in part.figures
        if figure.unit not in {"ms", "MB"}
    }


def written(readme: str, results: Results) -> str:
    """The README by these results; what it says of places stays where a cost is missing."""
    readme = between("measured", measured(results), readme)
    costs = costs_of(values(results))
    return between("places", simulated(costs), readme) if costs else readme


def main() -> int:
    """Write it; 2 where nothing was measured."""
    if not RESULTS.exists():
        sys.stderr.write("There is no bench-results.json: `make bench` makes it.\n")
        return 2
    results = msgspec.json.decode(RESULTS.read_bytes(), type=Results)
    README.write_text(written(README.read_text("utf-8"), results), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
