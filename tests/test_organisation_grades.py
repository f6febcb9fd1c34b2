"""Grades: out of a thousand points, scored by others than the registrar, heard, five years."""

from datetime import date, timedelta

import pytest

from tests.annual import swept
from tests.assessing import grade_of, graded_up_to
from tests.organising import filed, registered, registrar
from tests.wire import act, ask, form
from tests.world import World, key
from timebank import replay
from timebank.access import Role, grant_role
from timebank.actors import SYSTEM, person
from timebank.divisions import CITY_PATH
from timebank.events import Event
from timebank.lifecycles import NotInThisState, step
from timebank.organisation_endings import list_abnormal
from timebank.organisation_grade_life import LIFECYCLE, GradeState
from timebank.organisation_grades import (
    GradeNotOver,
    GradePointsTooFew,
    GradePointsWrong,
    GradeWaiting,
    apply_for_grade,
    assess_own_grade,
    decide_level,
    expire_grade,
    give_grade,
    publicise_grade,
    rule_on_grade_objection,
    score_grade,
    visit_for_grade,
)
from timebank.organisation_life import AbnormalReason
from timebank.organisations import OrganisationNotActive, OwnOrganisation
from timebank.policy import SEED, PolicyMalformed, read_policy
from timebank.publicity import (
    OwnPublicity,
    OwnPublicityObjection,
    PublicityOpen,
    PublicityReason,
    PublicityUndecided,
    object_to_publicity,
)
from timebank.refusals import Forbidden, NotFound, Refusal

pytestmark = pytest.mark.one_database

POINTS = read_policy(SEED.read_text("utf-8")).organisation.grade_points


def test_every_state_is_reached_and_no_other_step_is_allowed() -> None:
    events: set[type[Event]] = {event for steps in LIFECYCLE.values() for event in steps}
    reached = {to for steps in LIFECYCLE.values() for to in steps.values()}
    assert reached | {GradeState.APPLIED} == set(LIFECYCLE) == set(GradeState)
    for state, steps in LIFECYCLE.items():
        for event in events - set(steps):
            with pytest.raises(NotInThisState):
                step(LIFECYCLE, state, event)


@pytest.mark.parametrize(
    ("points", "level"),
    [(501, 1), (600, 1), (601, 2), (801, 4), (900, 4), (901, 5), (1000, 5)],
)
def test_points_make_a_grade(points: int, level: int) -> None:
    assert decide_level(points, POINTS) == level


@pytest.mark.parametrize(
    ("points", "no"), [(-1, GradePointsWrong), (1001, GradePointsWrong), (500, GradePointsTooFew)]
)
def test_points_that_make_no_grade_are_refused(points: int, no: type[Refusal]) -> None:
    with pytest.raises(no):
        decide_level(points, POINTS)


@pytest.mark.parametrize("points", ["[1, 2]", "[1, 2, 3, 5, 4]", "[1, 2, 3, 4, 4]"])
def test_a_policy_gives_five_grades_their_points(points: str) -> None:
    seeded = f"grade_points: {list(POINTS)}"
    text = SEED.read_text("utf-8").replace(seeded, f"grade_points: {points}")
    assert points in text
    with pytest.raises(PolicyMalformed):
        read_policy(text)


@pytest.mark.anyio
async def test_a_grade_is_given_once_everybody_was_heard_and_lasts_five_years(
    world: World,
) -> None:
    who, officer = await world.volunteer(), registrar(world)
    grade = await graded_up_to(world, who, "publicised")
    held = await grade_of(grade)
    assert (held.points, held.level, held.own_points) == (905, 5, 950)
    assert held.until == date(2026, 11, 27)
    with pytest.raises(PublicityOpen):
        await give_grade(officer, grade=grade, key=key())
    objector, reason = await world.volunteer(), PublicityReason.RULE_BROKEN
    with pytest.raises(OwnPublicity):
        await object_to_publicity(who, about=grade, reason=reason, key=key())
    await object_to_publicity(objector, about=grade, reason=reason, key=key())
    world.clock.move(timedelta(days=8))
    with pytest.raises(PublicityUndecided):
        await give_grade(officer, grade=grade, key=key())
    await rule_on_grade_objection(
        officer, grade=grade, objector=objector.person or "", uphold=False, key=key()
    )
    await give_grade(officer, grade=grade, key=key())
    held = await grade_of(grade)
    assert (held.state, held.until) == (GradeState.GRADED, date(2031, 11, 28))
    query = "query($o: ID!) { organisationGrades(organisation: $o) { state level until } }"
    shown = await ask(world, form(), query, o=held.organisation)
    assert shown["organisationGrades"] == [{"state": "GRADED", "level": 5, "until": "2031-11-28"}]
    with pytest.raises(GradeNotOver):
        await expire_grade(SYSTEM, grade=grade)
    with pytest.raises(Forbidden):
        await expire_grade(officer, grade=grade)
    world.clock.move(timedelta(days=5 * 365 + 3))
    await swept("grades.over")
    assert (await grade_of(grade)).state is GradeState.EXPIRED
    assert (await replay.compare(world.settings.database_url)).differing == 0


@pytest.mark.anyio
async def test_an_upheld_objection_gives_no_grade_and_nobody_decides_their_own(
    world: World,
) -> None:
    who, officer = await world.volunteer(), registrar(world)
    grade = await graded_up_to(world, who, "publicised")
    reason = PublicityReason.RULE_BROKEN
    for objector in (officer, await world.volunteer()):
        await object_to_publicity(objector, about=grade, reason=reason, key=key())
    with pytest.raises(OwnPublicityObjection):
        await rule_on_grade_objection(
            officer, grade=grade, objector=officer.person or "", uphold=True, key=key()
        )
    told = await act(
        world,
        officer,
        "decideGradeObjection",
        "grade { state }",
        grade=grade,
        objector=objector.person,
        uphold=True,
    )
    assert told["grade"] == {"state": "DECLINED"}
    await apply_for_grade(who, organisation=(await grade_of(grade)).organisation, key=key())


@pytest.mark.anyio
async def test_registrars_do_not_score_and_reviewers_do_not_give(world: World) -> None:
    who, officer = await world.volunteer(), registrar(world)
    reviewer = await world.officer(Role.REVIEWER)
    grade = await graded_up_to(world, who, "visited")
    for wrong in (officer, who):
        with pytest.raises(NotFound):
            await score_grade(wrong, grade=grade, points=900, key=key())
    with pytest.raises(GradePointsTooFew):
        await score_grade(reviewer, grade=grade, points=100, key=key())
    await score_grade(reviewer, grade=grade, points=900, key=key())
    with pytest.raises(NotFound):
        await publicise_grade(reviewer, grade=grade, key=key())
    query = "query($id: ID!) { node(id: $id) { id } }"
    for actor, seen in (
        (who, {"id": grade}),
        (reviewer, {"id": grade}),
        (officer, {"id": grade}),
        (form(), None),
        (await world.volunteer(), None),
    ):
        assert (await ask(world, actor, query, id=grade))["node"] == seen


@pytest.mark.anyio
async def test_only_a_registered_organisation_applies_and_once(world: World) -> None:
    who = await world.volunteer()
    group, organisation = await filed(world, who), await registered(world, who)
    with pytest.raises(OrganisationNotActive):
        await apply_for_grade(who, organisation=group, key=key())
    with pytest.raises(NotFound):
        await apply_for_grade(await world.volunteer(), organisation=organisation, key=key())
    made = await apply_for_grade(who, organisation=organisation, key=key())
    with pytest.raises(GradeWaiting):
        await apply_for_grade(who, organisation=organisation, key=key())
    with pytest.raises(NotInThisState):
        await assess_own_grade(who, grade=made.grade, points=900, words="好", key=key())
    with pytest.raises(GradePointsWrong):
        await assess_own_grade(who, grade=made.grade, points=2000, words="好", key=key())


@pytest.mark.anyio
async def test_what_stands_no_more_is_given_no_grade_nor_do_its_bookkeepers_score_it(
    world: World,
) -> None:
    who, officer = await world.volunteer(), registrar(world)
    grade = await graded_up_to(world, who, "assessed")
    held, books = await grade_of(grade), await world.volunteer()
    assert books.person
    for role, scope in ((Role.ORGANISATION_FINANCE, held.path), (Role.REVIEWER, CITY_PATH)):
        await grant_role(SYSTEM, person=books.person, role=role, scope=scope, key=key())
    with pytest.raises(OwnOrganisation):
        await visit_for_grade(person(books.person, staff=True), grade=grade, key=key())
    grade = await graded_up_to(world, who, "publicised")
    reason, id = AbnormalReason.NO_BODIES, (await grade_of(grade)).organisation
    world.clock.move(timedelta(days=8))
    await list_abnormal(officer, organisation=id, reason=reason, key=key())
    with pytest.raises(OrganisationNotActive):
        await give_grade(officer, grade=grade, key=key())
