"""Grades for the tests: applied for, scored and laid open by the ordinary commands."""

from typing import Any

from tests.organising import registered, registrar
from tests.world import World, key
from timebank.access import Role
from timebank.actors import Actor
from timebank.organisation_grades import (
    OrganisationGrade,
    apply_for_grade,
    assess_own_grade,
    find_eligible,
    publicise_grade,
    score_grade,
    visit_for_grade,
)
from timebank.publicity import PublicityReason, object_to_publicity
from timebank.tables import find


async def grade_of(id: str) -> OrganisationGrade:
    """A grade that must be there."""
    held = await find(OrganisationGrade, id)
    assert held
    return held


async def graded_up_to(world: World, who: Actor, last: str, *, points: int = 905) -> str:
    """An application of a new organisation of somebody's, brought on as far as a step."""
    organisation = await registered(world, who)
    grade = (await apply_for_grade(who, organisation=organisation, key=key())).grade
    reviewer = await world.officer(Role.REVIEWER)
    steps: list[tuple[str, Any, Actor, dict[str, Any]]] = [
        ("eligible", find_eligible, registrar(world), {}),
        ("assessed", assess_own_grade, who, {"points": 950, "words": "制度健全"}),
        ("visited", visit_for_grade, reviewer, {}),
        ("scored", score_grade, reviewer, {"points": points}),
        ("publicised", publicise_grade, registrar(world), {}),
    ]
    for name, act, actor, given in steps:
        if last == "applied":
            break
        await act(actor, grade=grade, **given, key=key())
        if name == last:
            break
    return grade


async def things(world: World, subject: Actor) -> dict[str, Any]:
    """An application for every step, for the role matrix."""
    founder, objector = await world.volunteer(), await world.volunteer()
    organisation = await registered(world, founder)
    at: dict[str, str] = {
        "findEligible": "applied",
        "declineGrade": "applied",
        "assessOwnGrade": "eligible",
        "visitForGrade": "assessed",
        "scoreGrade": "visited",
        "publiciseGrade": "scored",
        "giveGrade": "publicised",
        "decideGradeObjection": "publicised",
    }
    things = {f"{act}.grade": await graded_up_to(world, founder, last) for act, last in at.items()}
    objected = things["decideGradeObjection.grade"]
    reason = PublicityReason.RULE_BROKEN
    await object_to_publicity(objector, about=objected, reason=reason, key=key())
    shown = (await grade_of(objected)).organisation
    return things | {
        "applyForGrade.organisation": organisation,
        "organisationGrades.organisation": shown,
        "assessOwnGrade.points": 905,
        "scoreGrade.points": 905,
        "decideGradeObjection.objector": objector.person,
        "decideGradeObjection.uphold": False,
    }
