"""Grades of organisations on the wire: applied for, scored, laid open, given."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated

import strawberry
from strawberry import ID

from schema.context import Context, Input, anew
from schema.enums import show_enum
from schema.fields import field
from schema.nodes import Node, answers_for
from schema.organisations import Organisation, read_organisations
from schema.publicity import PublicityObjection, reads_objections
from schema.refusal import Info, Payload, mutation
from timebank import organisation_grades
from timebank.access import Action
from timebank.organisation_grade_life import GradeState

Whose = Annotated[ID, strawberry.argument(description="Which organisation.")]

show_enum(
    GradeState,
    "The life of a grade.",
    applied="Applied for.",
    eligible="It may be graded; it assesses itself.",
    self_assessed="A reviewer is to visit.",
    site_visit="A reviewer was there and is to score.",
    scored="Scored; the score is to be laid open.",
    publicity="Laid open to everybody.",
    graded="Given.",
    expired="It held for its years.",
    declined="No grade was given.",
)


@strawberry.type(description="A grade of an organisation, or its application for one.")
class OrganisationGrade(Node):
    state: GradeState = strawberry.field(description="How far it is.")
    applied_on: date = strawberry.field(description="When it was applied for.")
    own_points: int | None = strawberry.field(description="The points it gave itself.")
    points: int | None = strawberry.field(description="The reviewer's points, of a thousand.")
    level: int | None = strawberry.field(description="The grade, 1 to 5, that the points make.")
    until: date | None = strawberry.field(
        description="The last day to object, or on which the grade holds."
    )
    whose: strawberry.Private[str]

    @field
    async def organisation(self, info: Info) -> Organisation | None:
        """Whose grade it is."""
        return await info.context.loaders.load(read_organisations, self.whose)

    @field
    async def objections(self, info: Info) -> list[PublicityObjection]:
        """What was said against it; empty to everybody but the registrars."""
        return await info.context.loaders.load(_objections, str(self.id)) or []

    @classmethod
    def of(cls, held: organisation_grades.OrganisationGrade) -> "OrganisationGrade":
        """A grade as it is shown."""
        return cls(
            id=ID(held.id),
            state=held.state,
            applied_on=held.applied_on,
            own_points=held.own_points,
            points=held.points,
            level=held.level,
            until=held.until,
            whose=held.organisation,
        )


_objections = reads_objections(Action.REGISTER_ORGANISATION)


async def read_grades(context: Context, ids: Sequence[str]) -> dict[str, OrganisationGrade]:
    """Grades, for the loader; whatever the asker may not see is missing."""
    seen = await organisation_grades.visible_grades(context.actor, ids)
    return {id: OrganisationGrade.of(held) for id, held in seen.items()}


answers_for("grd", read_grades)


@strawberry.type
class Query:
    @field
    async def organisation_grades(self, info: Info, organisation: Whose) -> list[OrganisationGrade]:
        """The grades of an organisation, the oldest first; its applications for a few."""
        held = await organisation_grades.grades_of(info.context.actor, organisation)
        return [OrganisationGrade.of(one) for one in held]


@strawberry.input
class ApplyForGradeInput(Input):
    organisation: ID = strawberry.field(description="Which organisation.")


@strawberry.type
class ApplyForGradePayload(Payload):
    grade: OrganisationGrade | None = strawberry.field(default=None, description="The grade.")


@strawberry.input
class FindEligibleInput(Input):
    grade: ID = strawberry.field(description="Which grade.")


@strawberry.type
class FindEligiblePayload(Payload):
    grade: OrganisationGrade | None = strawberry.field(default=None, description="The grade.")


@strawberry.input
class DeclineGradeInput(Input):
    grade: ID = strawberry.field(description="Which grade.")


@strawberry.type
class DeclineGradePayload(Payload):
    grade: OrganisationGrade | None = strawberry.field(default=None, description="The grade.")


@strawberry.input
class AssessOwnGradeInput(Input):
    grade: ID = strawberry.field(description="Which grade.")
    points: int = strawberry.field(description="Points, of a thousand.")
    words: str = strawberry.field(description="Why, at most 2,000 characters.")


@strawberry.type
class AssessOwnGradePayload(Payload):
    grade: OrganisationGrade | None = strawberry.field(default=None, description="The grade.")


@strawberry.input
class VisitForGradeInput(Input):
    grade: ID = strawberry.field(description="Which grade.")


@strawberry.type
class VisitForGradePayload(Payload):
    grade: OrganisationGrade | None = strawberry.field(default=None, description="The grade.")


@strawberry.input
class ScoreGradeInput(Input):
    grade: ID = strawberry.field(description="Which grade.")
    points: int = strawberry.field(description="Points, of a thousand.")


@strawberry.type
class ScoreGradePayload(Payload):
    grade: OrganisationGrade | None = strawberry.field(default=None, description="The grade.")


@strawberry.input
class PubliciseGradeInput(Input):
    grade: ID = strawberry.field(description="Which grade.")


@strawberry.type
class PubliciseGradePayload(Payload):
    grade: OrganisationGrade | None = strawberry.field(default=None, description="The grade.")


@strawberry.input
class GiveGradeInput(Input):
    grade: ID = strawberry.field(description="Which grade.")


@strawberry.type
class GiveGradePayload(Payload):
    grade: OrganisationGrade | None = strawberry.field(default=None, description="The grade.")


@strawberry.input
class DecideGradeObjectionInput(Input):
    grade: ID = strawberry.field(description="Which grade.")
    objector: ID = strawberry.field(description="Who objected.")
    uphold: bool = strawberry.field(description="Whether it speaks against the score.")


@strawberry.type
class DecideGradeObjectionPayload(Payload):
    grade: OrganisationGrade | None = strawberry.field(default=None, description="The grade.")


_shown = anew(read_grades)


@strawberry.type
class Mutation:
    @mutation(ApplyForGradePayload)
    async def apply_for_grade(self, info: Info, input: ApplyForGradeInput) -> ApplyForGradePayload:
        """Apply for a grade, as your organisation."""
        answer = await organisation_grades.apply_for_grade(
            info.context.actor, organisation=input.organisation, key=info.context.key(input)
        )
        return ApplyForGradePayload.of(answer, grade=await _shown(info, answer.grade))

    @mutation(FindEligiblePayload)
    async def find_eligible(self, info: Info, input: FindEligibleInput) -> FindEligiblePayload:
        """Find that an organisation may be graded."""
        answer = await organisation_grades.find_eligible(
            info.context.actor, grade=input.grade, key=info.context.key(input)
        )
        return FindEligiblePayload.of(answer, grade=await _shown(info, answer.grade))

    @mutation(DeclineGradePayload)
    async def decline_grade(self, info: Info, input: DeclineGradeInput) -> DeclineGradePayload:
        """Give no grade."""
        answer = await organisation_grades.decline_grade(
            info.context.actor, grade=input.grade, key=info.context.key(input)
        )
        return DeclineGradePayload.of(answer, grade=await _shown(info, answer.grade))

    @mutation(AssessOwnGradePayload)
    async def assess_own_grade(
        self, info: Info, input: AssessOwnGradeInput
    ) -> AssessOwnGradePayload:
        """Give your own points."""
        answer = await organisation_grades.assess_own_grade(
            info.context.actor,
            grade=input.grade,
            points=input.points,
            words=input.words,
            key=info.context.key(input),
        )
        return AssessOwnGradePayload.of(answer, grade=await _shown(info, answer.grade))

    @mutation(VisitForGradePayload)
    async def visit_for_grade(self, info: Info, input: VisitForGradeInput) -> VisitForGradePayload:
        """Note that you were there, as a reviewer."""
        answer = await organisation_grades.visit_for_grade(
            info.context.actor, grade=input.grade, key=info.context.key(input)
        )
        return VisitForGradePayload.of(answer, grade=await _shown(info, answer.grade))

    @mutation(ScoreGradePayload)
    async def score_grade(self, info: Info, input: ScoreGradeInput) -> ScoreGradePayload:
        """Score an organisation, as a reviewer."""
        answer = await organisation_grades.score_grade(
            info.context.actor, grade=input.grade, points=input.points, key=info.context.key(input)
        )
        return ScoreGradePayload.of(answer, grade=await _shown(info, answer.grade))

    @mutation(PubliciseGradePayload)
    async def publicise_grade(
        self, info: Info, input: PubliciseGradeInput
    ) -> PubliciseGradePayload:
        """Lay a score open to everybody."""
        answer = await organisation_grades.publicise_grade(
            info.context.actor, grade=input.grade, key=info.context.key(input)
        )
        return PubliciseGradePayload.of(answer, grade=await _shown(info, answer.grade))

    @mutation(GiveGradePayload)
    async def give_grade(self, info: Info, input: GiveGradeInput) -> GiveGradePayload:
        """Give the grade once everybody was heard."""
        answer = await organisation_grades.give_grade(
            info.context.actor, grade=input.grade, key=info.context.key(input)
        )
        return GiveGradePayload.of(answer, grade=await _shown(info, answer.grade))

    @mutation(DecideGradeObjectionPayload)
    async def decide_grade_objection(
        self, info: Info, input: DecideGradeObjectionInput
    ) -> DecideGradeObjectionPayload:
        """Decide an objection to a score."""
        answer = await organisation_grades.rule_on_grade_objection(
            info.context.actor,
            grade=input.grade,
            objector=input.objector,
            uphold=input.uphold,
            key=info.context.key(input),
        )
        return DecideGradeObjectionPayload.of(answer, grade=await _shown(info, answer.grade))
