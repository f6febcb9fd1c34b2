"""Rights to draw: certified by the counter or the street, with no ground on the ledger."""

from datetime import date, timedelta

import pytest

from tests.moving import entries_of
from tests.wire import act, ask
from tests.world import World, key
from timebank import replay
from timebank.access import Role
from timebank.actors import PUBLIC
from timebank.counter import OwnCounter
from timebank.drawing_rights import (
    CertificateOver,
    DrawingGround,
    Ground,
    NothingCertified,
    certify_drawing,
    decide_certificate,
    end_drawing,
    right_of,
)
from timebank.refusals import Forbidden, NotFound, Unauthenticated
from timebank.tables import count

TODAY = date(2026, 11, 20)


def test_a_certificate_holds_from_today_on() -> None:
    decide_certificate(TODAY, TODAY)
    with pytest.raises(CertificateOver):
        decide_certificate(TODAY - timedelta(days=1), TODAY)


@pytest.mark.anyio
async def test_the_counter_and_the_street_certify_and_the_ledger_says_no_ground(
    world: World,
) -> None:
    who = await world.volunteer()
    for officer in (world.staff[Role.STATION_CLERK], world.staff[Role.STREET_OFFICER]):
        await certify_drawing(
            officer, person=who.id, ground=Ground.DISABILITY, until=TODAY, key=key()
        )
        held = await right_of(who, who.id)
        assert held
        right, ground = held
        assert (right.until, ground and ground.ground) == (TODAY, Ground.DISABILITY)
    entries = await entries_of(world.settings.database_url)
    told = [one for one in entries if one.kind == "drawing.certified"]
    assert len(told) == 2
    assert all("disability" not in str(one.body) for one in told)
    assert (await replay.compare(world.settings.database_url)).differing == 0


@pytest.mark.anyio
async def test_nobody_else_certifies_ends_or_reads_it(world: World) -> None:
    who, clerk = await world.volunteer(), world.staff[Role.STATION_CLERK]
    far = await world.officer(Role.STATION_CLERK, "420100/420103/")
    for actor in (who, far, await world.volunteer()):
        with pytest.raises((NotFound, Forbidden)):
            await certify_drawing(
                actor, person=who.id, ground=Ground.HARDSHIP, until=TODAY, key=key()
            )
    with pytest.raises(Unauthenticated):
        await end_drawing(PUBLIC, person=who.id, key=key())
    own = await world.officer(Role.STATION_CLERK)
    with pytest.raises(OwnCounter):
        await certify_drawing(own, person=own.id, ground=Ground.HARDSHIP, until=TODAY, key=key())
    with pytest.raises(NothingCertified):
        await end_drawing(clerk, person=who.id, key=key())
    await certify_drawing(clerk, person=who.id, ground=Ground.HARDSHIP, until=TODAY, key=key())
    assert await right_of(far, who.id) is None
    assert await right_of(far, "per_none") is None
    await end_drawing(clerk, person=who.id, key=key())
    assert await right_of(who, who.id) is None
    assert await count(DrawingGround) == 0


@pytest.mark.anyio
async def test_certifying_over_the_wire(world: World) -> None:
    who, clerk = await world.volunteer(), world.staff[Role.STATION_CLERK]
    given = {"person": who.id, "ground": "HARDSHIP", "until": "2027-06-30"}
    told = await act(world, clerk, "certifyDrawing", "right { until ground }", **given)
    assert told["right"] == {"until": "2027-06-30", "ground": "HARDSHIP"}
    seen = await ask(world, who, f'query {{ drawingRight(person: "{who.id}") {{ until }} }}')
    assert seen["drawingRight"] == {"until": "2027-06-30"}
    no = await act(
        world, clerk, "certifyDrawing", "right { until }", **given | {"until": "2026-11-19"}
    )
    assert no["userErrors"] == [{"code": CertificateOver.code, "path": ["until"]}]
    await act(world, clerk, "endDrawing", "entry { seq }", person=who.id)
    seen = await ask(world, who, f'query {{ drawingRight(person: "{who.id}") {{ until }} }}')
    assert seen["drawingRight"] is None
