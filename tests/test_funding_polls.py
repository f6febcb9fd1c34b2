"""Polls: paper, telephone and page merged, one person one vote, and residents alone."""

from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest

from tests.funding import allotted
from tests.projects import ELIGIBLE, answered, asked, officer_of, project_of
from tests.test_member_reports import entries_of
from tests.wire import act, ask, form
from tests.world import World, found_station, key, resident_id
from timebank import replay
from timebank.access import Role
from timebank.corrections import correct_person
from timebank.data_requests import RequestKind, request_data
from timebank.divisions import CITY_PATH
from timebank.erasures import ask_erasure
from timebank.funding.polls import (
    BallotNotOurs,
    BallotWay,
    MovedInSince,
    NotAResident,
    Poll,
    PollKind,
    PollOver,
    PollVoter,
    VotedAlready,
    cast_ballot,
    decide_ballot,
    take_ballot,
)
from timebank.homes import KEPT, change_home
from timebank.identity import DocumentNumberWrong, DocumentType
from timebank.people import Person
from timebank.person_life import PersonState
from timebank.refusals import Forbidden, NotFound
from timebank.tables import find, select

TODAY = date(2026, 11, 20)
OPEN = Poll(
    id="prj_1/decision",
    about="prj_1",
    kind=PollKind.DECISION,
    path="420100/1/sta_1/",
    unit_path="420100/1/",
    until=TODAY,
    opened_at=datetime(2026, 11, 17, 4, tzinfo=UTC),
)
HERE = Person(
    id="per_1",
    number="WH-1",
    home="sta_1",
    home_path="420100/1/sta_1/",
    state=PersonState.ACTIVE,
)
pytestmark = [pytest.mark.anyio, pytest.mark.one_database]


async def test_residents_answer_while_the_poll_is_open() -> None:
    elsewhere = msgspec.structs.replace(HERE, home_path="420100/2/sta_2/")
    there, over = elsewhere.home_path, TODAY + timedelta(days=1)
    decide_ballot(OPEN, HERE, HERE.home_path, TODAY)
    decide_ballot(OPEN, elsewhere, HERE.home_path, TODAY)
    decide_ballot(OPEN, None, None, TODAY)
    for poll, person, then, today, no in (
        (OPEN, elsewhere, there, TODAY, NotAResident),
        (OPEN, elsewhere, None, TODAY, NotAResident),
        (OPEN, HERE, there, TODAY, MovedInSince),
        (OPEN, HERE, CITY_PATH, TODAY, MovedInSince),
        (OPEN, HERE, None, TODAY, MovedInSince),
        (OPEN, HERE, HERE.home_path, over, PollOver),
        (msgspec.structs.replace(OPEN, open=False), HERE, HERE.home_path, TODAY, PollOver),
    ):
        with pytest.raises(no):
            decide_ballot(poll, person, then, today)


async def test_whoever_moves_answers_where_they_lived_when_the_poll_opened(world: World) -> None:
    clerk = world.staff[Role.STATION_CLERK]
    await found_station(world, number="002", area="420102002004")
    away = await found_station(world, number="003", area="420103001002")
    leaves, returns = await world.volunteer(), await world.volunteer()
    comes, own = await world.register(home=away), resident_id(world.count)
    before = await world.register(home=away)
    await change_home(before, number="001", key=key())
    project = await asked(world, await allotted(world))
    poll = (await project_of(project)).poll(PollKind.DECISION)

    for who, *numbers in (leaves, "002"), (returns, "003", "002", "001"), (comes, "002", "001"):
        for number in numbers:
            await change_home(who, number=number, key=key())
    with pytest.raises(MovedInSince) as no:
        await cast_ballot(comes, poll=poll, in_favour=True, key=key())
    assert no.value.details == {"opened": "2026-11-20"}
    with pytest.raises(MovedInSince):
        await take_ballot(
            clerk,
            poll=poll,
            way=BallotWay.PAPER,
            document=DocumentType.RESIDENT_ID,
            document_number=own,
            in_favour=True,
            key=key(),
        )
    for who in (leaves, returns, before, await world.volunteer()):
        await cast_ballot(who, poll=poll, in_favour=True, key=key())

    late = await asked(world, await allotted(world))
    poll = (await project_of(late)).poll(PollKind.DECISION)
    await cast_ballot(comes, poll=poll, in_favour=True, key=key())
    with pytest.raises(NotAResident):
        await cast_ballot(leaves, poll=poll, in_favour=True, key=key())
    assert (await replay.compare(world.settings.database_url)).differing == 0


async def test_whoever_moves_on_and_on_answers_nowhere(world: World) -> None:
    await found_station(world, number="002", area="420102002004")
    who = await world.volunteer()
    project = await asked(world, await allotted(world))
    poll = (await project_of(project)).poll(PollKind.DECISION)
    for n in range(KEPT - 1):
        await change_home(who, number="001" if n % 2 else "002", key=key())
    await cast_ballot(who, poll=poll, in_favour=True, key=key())
    for number in ("001", "002", "001"):
        await change_home(who, number=number, key=key())
    with pytest.raises(MovedInSince):
        await cast_ballot(who, poll=poll, in_favour=True, key=key())
    assert (await replay.compare(world.settings.database_url)).differing == 0


async def test_one_person_has_one_vote_whichever_way_it_comes(world: World) -> None:
    clerk = world.staff[Role.STATION_CLERK]
    who = await world.volunteer()
    own = resident_id(world.count)
    project = await asked(world, await allotted(world))
    poll = (await project_of(project)).poll(PollKind.DECISION)

    async def by(way: BallotWay, document: str) -> None:
        await take_ballot(
            clerk,
            poll=poll,
            way=way,
            document=DocumentType.RESIDENT_ID,
            document_number=document,
            in_favour=False,
            key=key(),
        )

    told = await act(
        world, who, "castBallot", "poll { inFavour against byPage }", poll=poll, inFavour=True
    )
    assert told["poll"] == {"inFavour": 1, "against": 0, "byPage": 1}
    await by(BallotWay.PHONE, resident_id(800))
    # Each of them has answered, whatever way is tried next.
    for way, document in (
        (BallotWay.PAPER, own),
        (BallotWay.PHONE, own),
        (BallotWay.PAPER, resident_id(800)),
    ):
        with pytest.raises(VotedAlready):
            await by(way, document)
    with pytest.raises(VotedAlready):
        await cast_ballot(who, poll=poll, in_favour=False, key=key())
    # Nor does registering after an answer on paper give somebody a second vote.
    world.count = 899
    late = await world.volunteer()
    await by(BallotWay.PAPER, resident_id(901))
    world.count = 900
    assert late.person
    newcomer = await world.volunteer()
    with pytest.raises(VotedAlready):
        await cast_ballot(newcomer, poll=poll, in_favour=True, key=key())
    await cast_ballot(late, poll=poll, in_favour=True, key=key())
    held = await find(Poll, poll)
    assert held
    assert (held.in_favour, held.against) == (2, 2)
    assert (held.by_page, held.by_paper, held.by_phone) == (2, 1, 1)
    for ballot in await entries_of(world, "poll.ballot_cast"):
        for voter in (who, late):
            assert voter.id.encode() not in ballot.bytes, "who answered what is on no ledger"
    assert (await replay.compare(world.settings.database_url)).differing == 0


async def test_staff_take_down_what_residents_say_and_nothing_else(world: World) -> None:
    clerk = world.staff[Role.STATION_CLERK]
    other = await found_station(world, number="002", area="420102002004")
    await world.register(home=other)
    stranger = resident_id(world.count)
    project = await asked(world, await allotted(world))
    poll = (await project_of(project)).poll(PollKind.DECISION)
    for actor, way, document, about, no in (
        (clerk, BallotWay.PAPER, stranger, poll, NotAResident),
        (clerk, BallotWay.PAGE, resident_id(801), poll, BallotNotOurs),
        (clerk, BallotWay.PAPER, "420106195002290019", poll, DocumentNumberWrong),
        (clerk, BallotWay.PAPER, resident_id(801), "prj_none", NotFound),
        (await officer_of(world, Role.AUDITOR), BallotWay.PAPER, resident_id(801), poll, Forbidden),
    ):
        with pytest.raises(no):
            await take_ballot(
                actor,
                poll=about,
                way=way,
                document=DocumentType.RESIDENT_ID,
                document_number=document,
                in_favour=True,
                key=key(),
            )
    held = await find(Poll, poll)
    assert held
    assert held.present == 0


async def test_whose_document_is_put_right_meanwhile_still_answers_once(world: World) -> None:
    who = await world.volunteer()
    poll = (await project_of(await asked(world, await allotted(world)))).poll(PollKind.DECISION)
    await cast_ballot(who, poll=poll, in_favour=True, key=key())
    wanted = await request_data(who, kind=RequestKind.CORRECTION, words="号码错了", key=key())
    officer = await world.officer(Role.DATA_PROTECTION_OFFICER)
    number = resident_id(900)
    await correct_person(officer, request=wanted.request, document_number=number, key=key())
    with pytest.raises(VotedAlready):
        await cast_ballot(who, poll=poll, in_favour=True, key=key())


async def test_everybody_reads_how_many_and_erasure_takes_the_note_of_who(world: World) -> None:
    who = await world.volunteer()
    project = await asked(world, await allotted(world))
    poll = (await project_of(project)).poll(PollKind.DECISION)
    await cast_ballot(who, poll=poll, in_favour=True, key=key())
    await answered(world, project, PollKind.DECISION, 1, 1)
    query = """query($p: ID!) { node(id: $p) { ... on Project {
        eligible polls { kind open inFavour against byPage byPaper } } } }"""
    told = (await ask(world, form(), query, p=project))["node"]
    assert told == {
        "eligible": ELIGIBLE,
        "polls": [
            {
                "kind": "DECISION",
                "open": True,
                "inFavour": 2,
                "against": 1,
                "byPage": 1,
                "byPaper": 2,
            }
        ],
    }
    assert {one.person for one in await select(PollVoter, person=who.person)} == {who.person}
    await ask_erasure(who, key=key())
    assert await select(PollVoter, person=who.person) == []
    held = await find(Poll, poll)
    assert held
    assert held.present == 3
