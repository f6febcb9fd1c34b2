"""Credit codes: the vectors of the standard, and each slip with its own code (domain 9)."""

import pytest
from stdnum.cn import uscc

from tests.organising import coded
from timebank.credit_codes import (
    CreditCodeAreaWrong,
    CreditCodeCheckWrong,
    CreditCodeFormWrong,
    CreditCodeMalformed,
    areas_of,
    decide_code,
)
from timebank.organisation_life import LegalForm
from timebank.refusals import Refusal

CITY = areas_of("420100/420106/420106001/", LegalForm.ASSOCIATION)


@pytest.mark.parametrize(
    ("code", "form"),
    [
        ("51420100MJH000019R", LegalForm.ASSOCIATION),
        ("52420106MJH123457R", LegalForm.SERVICE_BODY),
        ("53420000MJH0000279", LegalForm.FOUNDATION),
    ],
)
def test_the_valid_codes_of_domain_9_are_taken_in_any_spelling(code: str, form: LegalForm) -> None:
    areas = areas_of("420100/420106/420106001/", form)
    assert decide_code(code, form, areas) == code
    assert decide_code(f" {code[:8]}-{code[8:].lower()} ", form, areas) == code


def test_the_standards_own_example_is_valid_and_no_civil_affairs_code() -> None:
    assert uscc.is_valid("91350100M000100Y43")
    with pytest.raises(CreditCodeFormWrong) as no:
        decide_code("91350100M000100Y43", LegalForm.ASSOCIATION, CITY)
    assert no.value.details == {"wanted": "51", "found": "91"}


@pytest.mark.parametrize(
    ("code", "no"),
    [
        ("51420100MJH000019", CreditCodeMalformed),
        ("51420100MJH000019RR", CreditCodeMalformed),
        ("51420100MJI000019R", CreditCodeMalformed),
        ("5142010AMJH000019R", CreditCodeMalformed),
        ("", CreditCodeMalformed),
        ("51420100MJH000019T", CreditCodeCheckWrong),
        ("51420100MJH000091R", CreditCodeCheckWrong),
        (coded(1, form="52", area="420106"), CreditCodeFormWrong),
        (coded(1, form="54", area="420106"), CreditCodeFormWrong),
        (coded(1, area="420103"), CreditCodeAreaWrong),
        (coded(1, area="420000"), CreditCodeAreaWrong),
    ],
)
def test_every_slip_has_its_own_code(code: str, no: type[Refusal]) -> None:
    with pytest.raises(no):
        decide_code(code, LegalForm.ASSOCIATION, CITY)


def test_every_single_wrong_character_is_caught() -> None:
    right = "51420100MJH000019R"
    for place, told in enumerate(right):
        for other in "0123456789ABCDEFGHJKLMNPQRTUWXY":
            if other != told:
                wrong = right[:place] + other + right[place + 1 :]
                with pytest.raises(Refusal):
                    decide_code(wrong, LegalForm.ASSOCIATION, CITY)


def test_a_street_of_a_zone_is_coded_under_its_statutory_district() -> None:
    areas = areas_of("420100/4201H1/420111080/420111080001/", LegalForm.SERVICE_BODY)
    assert areas == {"420100", "420111"}
    assert areas_of("420100/", LegalForm.FOUNDATION) == {"420000", "100000"}
