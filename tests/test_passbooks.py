"""Passbooks: read and printed at the counter of one's home, and each such reading is a look."""

import pytest

from tests.test_looks import told
from tests.test_notices import waiting_record
from tests.volunteering import posted
from tests.wire import ask
from tests.world import World, key
from timebank.access import Role
from timebank.actors import PUBLIC
from timebank.confirmations import accept_hours
from timebank.data_requests import RequestKind, request_data
from timebank.looks import Looked
from timebank.notices import notices_to_tell
from timebank.passbooks import passbook_of
from timebank.proxies import name_proxy

pytestmark = [pytest.mark.anyio, pytest.mark.one_database]
ASKS = """query($person: ID) { passbook(person: $person) {
  number holder { number } account { balanceMinutes } progress { serviceMinutes }
  records { edges { node { id } } } } }"""


async def test_the_counter_of_the_home_reads_it_and_that_is_a_look(world: World) -> None:
    clerk, who = world.staff[Role.STATION_CLERK], await world.volunteer()
    record = await posted(world, who, minutes=30)
    for _ in range(2):
        book = (await ask(world, clerk, ASKS, person=who.person))["passbook"]
    assert book["number"] == await world.number_of(who)
    assert book["holder"] == {"number": book["number"]}
    assert book["account"] == {"balanceMinutes": 0}
    assert book["progress"] == {"serviceMinutes": 30}
    assert [edge["node"]["id"] for edge in book["records"]["edges"]] == [record]
    assert (clerk.id, Looked.PASSBOOK) in await told(who)
    assert [one for one in await told(who) if one[1] is Looked.PASSBOOK] == [
        (clerk.id, Looked.PASSBOOK)
    ]


async def test_nobody_else_opens_it_and_there_is_no_difference_to_none(world: World) -> None:
    who, other = await world.volunteer(), await world.volunteer()
    auditor, lead = await world.officer(Role.AUDITOR), world.staff[Role.DISTRICT_LEAD]
    stranger = await world.officer(Role.STATION_CLERK, "420100/420106/")
    for asker in (other, auditor, lead, stranger, PUBLIC):
        assert await passbook_of(asker, who.person) is None
        assert await ask(world, asker, ASKS, person=who.person) == await ask(
            world, asker, ASKS, person="per_none"
        )
    assert await told(who) == []
    assert await passbook_of(PUBLIC, None) is None


async def test_one_s_own_and_that_of_whom_one_acts_for_is_nobody_s_look(world: World) -> None:
    who, proxy = await world.volunteer(), await world.volunteer()
    assert await passbook_of(who, None) == await passbook_of(who, who.person) == who.person
    assert await passbook_of(proxy, who.person) is None
    await name_proxy(who, number=await world.number_of(proxy), key=key())
    assert await passbook_of(proxy, who.person) == who.person
    assert await told(who) == []


async def test_whoever_restricted_their_data_is_not_read_at_the_counter(world: World) -> None:
    clerk, who = world.staff[Role.STATION_CLERK], await world.volunteer()
    assert await passbook_of(clerk, who.person) == who.person
    await request_data(who, kind=RequestKind.RESTRICTION, key=key())
    assert await passbook_of(clerk, who.person) is None
    assert await passbook_of(who, None) == who.person


async def test_what_was_answered_meanwhile_is_not_told_at_the_counter(world: World) -> None:
    who = await world.volunteer()
    id = await waiting_record(world, who)
    clerk = await world.officer(Role.STATION_CLERK, world.station_path)
    assert len(await notices_to_tell(clerk, who.person or "")) == 1
    await accept_hours(who, records=[id], key=key())
    assert await notices_to_tell(clerk, who.person or "") == []
