"""Attestations: service that nobody recorded in time, or that came from elsewhere (domain 4).

The district believes it for what it saw, and says what that was. Such a record is external for
ever: it counts for stars once its keys are turned, and mints nothing. Refuses to know what the
evidence looks like: papers stay where they are.
"""

from timebank.record_life import CaptureMode, Evidence
from timebank.refusals import Refusal

# Refusals


class EvidenceMissing(Refusal):
    """What nobody recorded in time is believed for what is seen of it."""

    says = "After {days} days the district says what attests the service; name the evidence."
    days: int
    path = ("evidence",)


class OnlyDistrictAttests(Refusal):
    """Service from elsewhere is the district's to attest (domain 4)."""

    says = "Only the district attests service from elsewhere; record what you know yourself."
    path = ("evidence",)


# Decisions


def decide_mode(
    mode: CaptureMode, evidence: Evidence | None, *, late_days: int | None, district: bool
) -> CaptureMode:
    """How attendance is known, in the end.

    Args: late_days, the days that are over since it should have been recorded, None if they are
    not, or if another record told of it in time; district, whether the district records it.
    Refuses: OnlyDistrictAttests, EvidenceMissing.
    """
    if evidence is not None:
        if not district:
            raise OnlyDistrictAttests
        # Work in paid time is no service, whoever attests that it was done.
        return mode if mode is CaptureMode.DUTY else CaptureMode.EXTERNAL
    if late_days is not None and mode is CaptureMode.MANUAL:
        raise EvidenceMissing(days=late_days)
    return mode
