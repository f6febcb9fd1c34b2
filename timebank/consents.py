"""Consents: nobody is registered without their own, or a guardian's for a minor (domain 11).

Knows who may consent and how; stores nothing: the consent is part of the event it allows.
"""

from datetime import date
from enum import StrEnum

from timebank.identity import ADULT, TooYoung, years_old
from timebank.refusals import Refusal

CONSENT_VERSION = "2026-11"


class ConsentWay(StrEnum):
    """How consent was given: nobody is registered without it (domain 11)."""

    SELF = "self"
    GUARDIAN = "guardian"
    COUNTER = "counter"


# Refusals


class ConsentMissing(Refusal):
    """Nobody is registered without consent (domain 11)."""

    says = "Nobody is registered without their own consent; ask for it first."
    path = ("consent",)


class GuardianMissing(Refusal):
    """A minor registers with a guardian's consent (domain 4)."""

    says = "Somebody under 18 registers through a guardian, who signs in or comes to the station."
    path = ("guardian",)


class GuardianTooYoung(Refusal):
    """A guardian is of age."""

    says = "A guardian is at least 18 years old."
    path = ("guardian",)


class OfAge(Refusal):
    """Nobody consents for somebody who is of age (domain 11)."""

    says = "Somebody of 18 and over registers with their own consent, without a guardian."
    path = ("guardian",)


# Decisions


def decide_consent(
    birth: date, today: date, *, least: int, known: bool, guardian_adult_from: date | None
) -> ConsentWay:
    """How somebody born on `birth` consents: alone from 18, through a guardian before.

    `known` tells that the guardian, or staff who see the guardian, is signed in.
    Refuses: TooYoung, OfAge, GuardianMissing, GuardianTooYoung.
    """
    if years_old(birth, today) < least:
        raise TooYoung(least=least)
    if years_old(birth, today) >= ADULT:
        if guardian_adult_from is not None:
            raise OfAge
        return ConsentWay.COUNTER if known else ConsentWay.SELF
    if guardian_adult_from is None or not known:
        raise GuardianMissing
    if guardian_adult_from > today:
        raise GuardianTooYoung
    return ConsentWay.GUARDIAN
