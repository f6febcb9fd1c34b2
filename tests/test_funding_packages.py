"""Service packages: one street and up to five communities, paid as visits are made."""

from typing import Any

import msgspec
import pytest

from tests.funding import DAY, allotted, fund_officer
from tests.granting import Applicant, applicant
from tests.projects import officer_of, paid
from tests.wire import act, ask, form
from tests.world import World, key
from timebank import replay
from timebank.access import Role
from timebank.clock import day_of
from timebank.divisions import divisions
from timebank.funding.packages import (
    LIFECYCLE,
    NoSuchSite,
    Package,
    PackageDone,
    PackageHalfDone,
    PackageShapeWrong,
    PackageState,
    TooFewVisits,
    VisitsMade,
    VisitsWrong,
    accept_visits,
    agree_package,
    decide_done,
    decide_shape,
    record_visits,
)
from timebank.funding.payments import (
    ConditionNotMet,
    prepare_payment,
)
from timebank.funding.purposes import FundPurpose
from timebank.funding.sources import FundKind, NotEnoughMoney
from timebank.funding.tranches import (
    tranche_key,
)
from timebank.lifecycles import NotInThisState, step
from timebank.refusals import Forbidden, NotFound, Refusal

pytestmark = pytest.mark.one_database

STREET = "420102003"
AREAS = {area.code: area for area in divisions()}
NEAR = [area for area in divisions() if area.manager == STREET]
FAR = next(area for area in divisions() if area.level == "community" and area.manager != STREET)
FIVE = [area.code for area in NEAR[:5]]
PACKAGE = Package(
    id="pkg_1",
    provider="org_1",
    source="src_1",
    street=STREET,
    path=AREAS[STREET].path,
    fen=10,
    visits=5,
    state=PackageState.AGREED,
)


def test_every_state_is_listed_and_reached_and_no_other_step_is_allowed() -> None:
    reached = {to for steps in LIFECYCLE.values() for to in steps.values()}
    assert set(LIFECYCLE) == set(PackageState) == reached
    for state in PackageState:
        for event in (VisitsMade, PackageHalfDone, PackageDone):
            if event in LIFECYCLE[state]:
                assert step(LIFECYCLE, state, event) in PackageState
            else:
                with pytest.raises(NotInThisState):
                    step(LIFECYCLE, state, event)


@pytest.mark.parametrize(
    ("street", "stations", "centre", "visits", "refusal"),
    [
        (STREET, NEAR[:5], True, 1, None),
        (STREET, [], True, 1, None),
        (STREET, NEAR[:1], False, 1, None),
        (STREET, [], False, 1, PackageShapeWrong),
        (STREET, NEAR[:6], True, 1, PackageShapeWrong),
        (STREET, [NEAR[0], NEAR[0]], True, 1, PackageShapeWrong),
        (STREET, [FAR], True, 1, PackageShapeWrong),
        ("420102", [], True, 1, PackageShapeWrong),
        (STREET, NEAR[:5], True, 0, VisitsWrong),
    ],
)
def test_a_package_is_a_streets_centre_and_up_to_five_of_its_communities(
    street: str, stations: list[Any], centre: bool, visits: int, refusal: type[Refusal] | None
) -> None:
    if refusal is None:
        told = decide_shape(AREAS[street], stations, centre=centre, visits=visits)
        assert told == tuple(area.code for area in stations)
    else:
        with pytest.raises(refusal):
            decide_shape(AREAS[street], stations, centre=centre, visits=visits)


def test_half_of_the_visits_and_then_all_of_them() -> None:
    half = msgspec.structs.replace(PACKAGE, state=PackageState.HALF_DONE)
    cases: list[tuple[Package, int, type[PackageHalfDone | PackageDone | Refusal]]] = [
        (PACKAGE, 3, PackageHalfDone),
        (PACKAGE, 2, TooFewVisits),
        (half, 5, PackageDone),
        (half, 4, TooFewVisits),
        (msgspec.structs.replace(PACKAGE, state=PackageState.DONE), 5, NotInThisState),
    ]
    for package, made, told in cases:
        held = msgspec.structs.replace(package, made=made)
        if issubclass(told, Refusal):
            with pytest.raises(told):
                decide_done(held)
        else:
            assert isinstance(decide_done(held), told)


async def bought(world: World, who: Applicant, fen: int = 1_000, **other: Any) -> str:
    """A package of one and five."""
    work = {"fund": FundKind.SOCIAL_WORK, "purposes": (FundPurpose.SOCIAL_WORK,)}
    given: dict[str, Any] = {
        "source": await allotted(world, 1_000, unit=STREET, total=1_000, **work),
        "centre": True,
        "stations": FIVE,
        "visits": 4,
        "street": STREET,
    }
    made = await agree_package(
        await fund_officer(world), provider=who.organisation, fen=fen, key=key(), **given | other
    )
    return made.package


@pytest.mark.anyio
async def test_one_and_five_are_bought_visited_and_paid_in_three_parts(world: World) -> None:
    who, officer = await applicant(world), await fund_officer(world)
    package, cashier = await bought(world, who), await officer_of(world, Role.STREET_CASHIER)
    await paid(world, package, 1)
    today = day_of(world.clock.now())
    with pytest.raises(ConditionNotMet):
        await prepare_payment(cashier, tranche=tranche_key(package, 2), key=key())
    told = await act(
        world,
        who.leader,
        "recordVisits",
        "package { made people }",
        package=package,
        area=STREET,
        day=today.isoformat(),
        visits=1,
        people=9,
    )
    assert told["package"] == {"made": 1, "people": 9}
    with pytest.raises(TooFewVisits):
        await accept_visits(officer, package=package, key=key())
    await record_visits(
        who.leader, package=package, area=FIVE[4], day=today, visits=1, people=0, key=key()
    )
    told = await act(world, officer, "acceptVisits", "package { state }", package=package)
    assert told["package"] == {"state": "HALF_DONE"}
    await paid(world, package, 2)
    await record_visits(
        who.leader, package=package, area=FIVE[0], day=today, visits=2, people=3, key=key()
    )
    await accept_visits(officer, package=package, key=key())
    await paid(world, package, 3)
    query = """query($p: String!) { servicePackages(below: $p) { nodes { state people
        provider { id } commitment { paid } sites { centre visits people area { code } } } } }"""
    (seen,) = (await ask(world, form(), query, p=AREAS[STREET].path))["servicePackages"]["nodes"]
    sites = seen.pop("sites")
    assert seen == {
        "state": "DONE",
        "people": 12,
        "provider": {"id": who.organisation},
        "commitment": {"paid": 1_000},
    }
    assert [site["area"]["code"] for site in sites] == [STREET, *FIVE]
    assert [site["centre"] for site in sites] == [True, *[False] * 5]
    assert [site["visits"] for site in sites] == [1, 2, 0, 0, 0, 1]
    assert (await replay.compare(world.settings.database_url)).differing == 0


@pytest.mark.anyio
async def test_the_street_buys_what_it_can_pay_and_its_provider_tells_what_it_did(
    world: World,
) -> None:
    who, rival = await applicant(world), await applicant(world)
    with pytest.raises(NotEnoughMoney):
        await bought(world, who, 1_001)
    package = await bought(world, who)
    today = day_of(world.clock.now())
    for actor, area, day, visits, people, no in (
        (rival.leader, STREET, today, 1, 1, NotFound),
        (who.leader, FAR.code, today, 1, 1, NoSuchSite),
        (who.leader, STREET, today, 0, 1, VisitsWrong),
        (who.leader, STREET, today, 1, -1, VisitsWrong),
        (who.leader, STREET, today + DAY, 1, 1, VisitsWrong),
    ):
        with pytest.raises(no):
            await record_visits(
                actor, package=package, area=area, day=day, visits=visits, people=people, key=key()
            )
    with pytest.raises(Forbidden):
        await accept_visits(world.staff[Role.STREET_OFFICER], package=package, key=key())
