"""Unified social credit codes (统一社会信用代码, GB 32100-2015): what a code must agree with.

The standard's alphabet, length and check character are `stdnum`'s; what is added is domain 9: the
first character says civil affairs, the second the legal form, the next six the registrar's area.
Knows no organisation; that two never share a code is known where they are registered.
"""

from collections.abc import Collection

from stdnum.cn import uscc
from stdnum.exceptions import InvalidChecksum, ValidationError

from timebank.organisation_life import LegalForm
from timebank.refusals import Refusal

FORM_DIGITS = {
    LegalForm.ASSOCIATION: "51",
    LegalForm.SERVICE_BODY: "52",
    LegalForm.FOUNDATION: "53",
}
"""The first two characters: civil affairs, and the form."""

# Foundations are registered by the province or the ministry (domain 9).
ABOVE_THE_CITY = frozenset({"420000", "100000"})


class CreditCodeMalformed(Refusal):
    """Not 18 characters of the standard's alphabet."""

    says = "A unified social credit code has 18 characters, without I, O, S, V and Z."
    path = ("code",)


class CreditCodeCheckWrong(Refusal):
    """The last character does not follow from the others."""

    says = "The last character of this code does not agree with the others; look for a slip."
    path = ("code",)


class CreditCodeFormWrong(Refusal):
    """The code begins as that of another form does."""

    says = "The code of this legal form begins with {wanted}; this one begins with {found}."
    wanted: str
    found: str
    path = ("code",)


class CreditCodeAreaWrong(Refusal):
    """The code was given by a registrar of somewhere else."""

    says = "This code names the registrar of {area}, who does not register this organisation."
    area: str
    path = ("code",)


def spelled_code(told: str) -> str:
    """A code as it is kept, however somebody wrote it."""
    return "".join(told.split()).upper()


def decide_code(code: str, form: LegalForm, areas: Collection[str]) -> str:
    """The code, in its one spelling, where it agrees with form and registrar.

    Args: areas, the six-digit codes of the areas whose registrars may have given it.
    Refuses: CreditCodeMalformed, CreditCodeCheckWrong, CreditCodeFormWrong, CreditCodeAreaWrong.
    Source: domain 9.
    """
    try:
        told: str = uscc.validate(code)
    except InvalidChecksum:
        raise CreditCodeCheckWrong from None
    except ValidationError:
        raise CreditCodeMalformed from None
    wanted, found = FORM_DIGITS[form], told[:2]
    if found != wanted:
        raise CreditCodeFormWrong(wanted=wanted, found=found)
    if told[2:8] not in areas:
        raise CreditCodeAreaWrong(area=told[2:8])
    return told


def areas_of(path: str, form: LegalForm) -> frozenset[str]:
    """The areas whose registrar may have given the code of an organisation that sits at `path`."""
    if form is LegalForm.FOUNDATION:
        return ABOVE_THE_CITY
    parts = path.rstrip("/").split("/")
    # A street of a functional zone is coded under its statutory district.
    return frozenset({part[:6] for part in parts if part.isdigit()})
