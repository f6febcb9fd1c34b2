"""Which rows a transaction may write as new, in a statement of their own."""

from collections.abc import Sequence

from ledger.entry import EMPTY
from ledger.statements import EachRow
from tests.world import NOON
from timebank.actors import SYSTEM
from timebank.batch import Batch
from timebank.changes import MANY, Changes
from timebank.days import VolunteerMonth
from timebank.projections import Known, Place

STATEMENTS = {
    VolunteerMonth.spec.insert: "insert",
    VolunteerMonth.spec.upsert: "upsert",
    VolunteerMonth.spec.delete: "delete",
}


def month(n: int) -> VolunteerMonth:
    return VolunteerMonth(id=f"per_{n}/2026-11", credited=n)


def place(n: int) -> Place:
    return (VolunteerMonth, month(n).pk)


def knowing(known: Known, added: Sequence[VolunteerMonth] = ()) -> Batch:
    rows = Batch(known, tip=EMPTY, now=NOON, actor=SYSTEM, request="0" * 32)
    for row in added:
        rows.add(row)
    return rows


def told(statements: dict[EachRow, list[Sequence[object]]]) -> dict[str, int]:
    return {STATEMENTS[statement]: len(rows) for statement, rows in statements.items()}


def test_what_was_looked_for_and_not_found_is_new() -> None:
    changes = Changes()
    absent: Known = {place(n): None for n in range(MANY)}
    there: Known = {place(MANY): month(MANY)}
    changes.take({place(n): month(n) for n in range(MANY + 1)}, knowing({**absent, **there}))
    assert told(changes.statements()) == {"insert": MANY, "upsert": 1}


def test_what_nobody_asked_for_is_new_only_under_a_key_made_for_it() -> None:
    changes = Changes()
    made = [month(n) for n in range(MANY)]
    rows = knowing({}, added=made)
    changes.take({**rows.layers[0], place(MANY): month(MANY)}, rows)
    assert told(changes.statements()) == {"insert": MANY, "upsert": 1}


def test_few_new_rows_are_no_statement_of_their_own() -> None:
    changes = Changes()
    changes.take(
        {place(n): month(n) for n in range(MANY - 1)},
        knowing(dict.fromkeys(map(place, range(MANY)))),
    )
    assert told(changes.statements()) == {"upsert": MANY - 1}


def test_what_one_work_dropped_and_another_puts_back_is_still_in_its_table() -> None:
    changes = Changes()
    known: Known = {place(n): month(n) for n in range(MANY)}
    changes.take(dict.fromkeys(known), knowing(known))
    changes.take(known, knowing(dict.fromkeys(known)))
    assert told(changes.statements()) == {"upsert": MANY}


def test_what_is_to_go_is_deleted_by_its_key() -> None:
    changes = Changes()
    changes.take({place(1): None}, knowing({place(1): month(1)}))
    assert changes.statements() == {VolunteerMonth.spec.delete: [[month(1).pk]]}
