"""Identity documents: which there are, whether a number can be right, what it tells of the age.

Knows GB 11643; stores nothing and knows nobody.
"""

import re
from datetime import date
from enum import StrEnum

from stdnum.cn import ric
from stdnum.exceptions import ValidationError

from timebank.refusals import Refusal

ADULT = 18


class DocumentType(StrEnum):
    """What proves who somebody is."""

    RESIDENT_ID = "resident_id"
    PASSPORT = "passport"
    HONG_KONG_MACAO = "hong_kong_macao"
    TAIWAN = "taiwan"
    FOREIGN_RESIDENCE = "foreign_residence"


# Refusals


class DocumentNumberWrong(Refusal):
    """The number cannot be a number of this kind of document (GB 11643 for resident ids)."""

    says = "This is no valid number of the document “{document}”; compare it with the document."
    document: str
    path = ("documentNumber",)


class TooYoung(Refusal):
    """Volunteers are at least 14 (domain 4)."""

    says = "Volunteers are at least {least} years old."
    least: int
    path = ("birth",)


class BirthMissing(Refusal):
    """A document that does not tell the birth date needs it given."""

    says = "Give the birth date: this document's number does not tell it."
    path = ("birth",)


# Decisions


def birth_of(document: DocumentType, number: str, birth: date | None) -> date:
    """The birth date that a document tells, or that was given.

    Of a resident number only the check character and the date count: lists of birth places refuse
    genuine numbers. Refuses: DocumentNumberWrong, BirthMissing.
    """
    if document is not DocumentType.RESIDENT_ID:
        if not re.fullmatch(r"[A-Z0-9]{5,18}", number):
            raise DocumentNumberWrong(document=document.value)
        if birth is None:
            raise BirthMissing
        return birth
    try:
        if not re.fullmatch(r"[0-9]{17}[0-9X]", number):
            raise DocumentNumberWrong(document=document.value)
        if ric.calc_check_digit(number) != number[-1]:
            raise DocumentNumberWrong(document=document.value)
        return ric.get_birth_date(number)
    except ValidationError:
        raise DocumentNumberWrong(document=document.value) from None


def years_old(birth: date, day: date) -> int:
    """Whole years of age on a day."""
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


def anniversary(birth: date, years: int) -> date:
    """The day on which somebody becomes `years` old; 1 March where there is no 29 February."""
    try:
        return birth.replace(year=birth.year + years)
    except ValueError:
        return date(birth.year + years, 3, 1)
