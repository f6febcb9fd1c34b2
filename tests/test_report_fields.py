"""The fields of an annual report: enough of them, most filled, each reads as its kind."""

import pytest

from timebank.refusals import Refusal
from timebank.report_fields import (
    FIELDS,
    TYPED,
    FieldFromLedger,
    FieldMalformed,
    FieldsMissing,
    FieldUnknown,
    Section,
    decide_value,
    decide_whole,
)


def test_there_are_forty_fields_in_every_part_and_most_come_from_the_ledger() -> None:
    assert len(FIELDS) >= 40
    assert {field.section for field in FIELDS.values()} == set(Section)
    filled = [code for code, field in FIELDS.items() if not field.typed]
    assert len(filled) / len(FIELDS) >= 0.6
    assert not set(filled) & set(TYPED)


@pytest.mark.parametrize(
    ("code", "value", "told"),
    [
        ("main_work", "  为老  服务 ", "为老 服务"),
        ("staff_full_time", "0", "0"),
        ("donations_fen", "9007199254740991", "9007199254740991"),
        ("audited", "no", "no"),
    ],
)
def test_a_value_is_kept_in_its_one_spelling(code: str, value: str, told: str) -> None:
    assert decide_value(code, value) == told


@pytest.mark.parametrize(
    ("code", "value", "no"),
    [
        ("nothing", "1", FieldUnknown),
        ("service_minutes", "1", FieldFromLedger),
        ("name", "别的名字", FieldFromLedger),
        ("main_work", " ", FieldMalformed),
        ("main_work", "字" * 501, FieldMalformed),
        ("main_work", "a\x00b", FieldMalformed),
        ("staff_full_time", "-1", FieldMalformed),
        ("staff_full_time", "1.5", FieldMalformed),
        ("staff_full_time", "٣", FieldMalformed),
        ("staff_full_time", "007", FieldMalformed),
        ("donations_fen", "9007199254740992", FieldMalformed),
        ("donations_fen", "9" * 5000, FieldMalformed),
        ("audited", "perhaps", FieldMalformed),
    ],
)
def test_what_does_not_read_is_refused(code: str, value: str, no: type[Refusal]) -> None:
    with pytest.raises(no):
        decide_value(code, value)


def test_a_report_is_whole_when_all_that_is_typed_is_there() -> None:
    whole = dict.fromkeys(TYPED, "1")
    decide_whole(whole)
    del whole["audited"]
    with pytest.raises(FieldsMissing) as no:
        decide_whole(whole)
    assert no.value.details == {"missing": "audited"}
