"""Identity documents: which numbers can be right, and what they tell of the age."""

from datetime import date

import pytest

from timebank.identity import (
    BirthMissing,
    DocumentNumberWrong,
    DocumentType,
    anniversary,
    birth_of,
    years_old,
)

TODAY = date(2026, 11, 20)
RESIDENT = DocumentType.RESIDENT_ID


@pytest.mark.parametrize(
    ("number", "birth"),
    [
        ("11010519491231002X", date(1949, 12, 31)),
        ("420102194901010017", date(1949, 1, 1)),
    ],
)
def test_a_resident_number_tells_the_birth_date(number: str, birth: date) -> None:
    assert birth_of(RESIDENT, number, None) == birth


@pytest.mark.parametrize(
    "number",
    [
        "420106195002290019",
        "110105194912310021",
        "11010519491231002x",
        "11010519491231002",
        "1101051949123100２X",
        "420102194901010018",
        "",
    ],
)
def test_a_wrong_resident_number_is_refused(number: str) -> None:
    with pytest.raises(DocumentNumberWrong):
        birth_of(RESIDENT, number, date(1950, 1, 1))


def test_another_document_needs_the_birth_date() -> None:
    assert birth_of(DocumentType.PASSPORT, "E12345678", TODAY) == TODAY
    with pytest.raises(BirthMissing):
        birth_of(DocumentType.PASSPORT, "E12345678", None)
    with pytest.raises(DocumentNumberWrong):
        birth_of(DocumentType.PASSPORT, "E1\0", TODAY)


def test_years_are_counted_by_birthdays() -> None:
    assert years_old(date(2012, 11, 21), TODAY) == 13
    assert years_old(date(2012, 11, 20), TODAY) == 14
    assert anniversary(date(2012, 2, 29), 14) == date(2026, 3, 1)
    assert years_old(date(2012, 2, 29), date(2026, 2, 28)) == 13
    assert years_old(date(2012, 2, 29), date(2026, 3, 1)) == 14
