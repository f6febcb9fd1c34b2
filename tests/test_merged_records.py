"""What follows a merge: records put right before, ties, erasure, documents, the statement."""

from collections.abc import AsyncIterator
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.erasing import whose
from tests.families import tied
from tests.merging import merged, proposed, signed_in
from tests.moving import Move, move, put
from tests.test_matching import ORDER
from tests.test_silence import CONFIRMED
from tests.volunteering import posted, record_of, visited
from tests.wire import act, ask
from tests.world import World, key, open_world, resident_id
from timebank import directory, people, replay
from timebank.access import Grants, Role
from timebank.accounts import Account, balance_of, pool, volunteer
from timebank.actors import PUBLIC
from timebank.cards import Card, CardHolder
from timebank.clock import day_of
from timebank.confirmations import confirm_hours, reject_hours
from timebank.days import Interval, VolunteerDay, day_key
from timebank.erasures import ask_erasure
from timebank.held_stars import Standing, Stars
from timebank.help_life import HelpState
from timebank.help_orders import HelpOrder
from timebank.hours import Record, records_of
from timebank.households import HouseholdMember, InHouseholdAlready, register_household
from timebank.identity import DocumentType
from timebank.kin import KinPair, Kinship, pair_id
from timebank.merge_life import MergeGround
from timebank.merged_records import MergeOverlaps, MergeServesSelf
from timebank.merges import SIGN_IN, merge_people, propose_merge
from timebank.no_shows import NoShows
from timebank.notice_codes import NoticeCode
from timebank.notices import Notice
from timebank.passkeys import Passkey, PasskeyHolder
from timebank.people import Person, RegisteredAlready
from timebank.person_life import PersonState
from timebank.policy import policies_on
from timebank.pools import pool_at
from timebank.proxies import ProxyFor, name_proxy, proxy_key
from timebank.record_life import RecordState, RejectReason, ReverseReason
from timebank.reversals import reverse_hours
from timebank.sign_in import Attempts, Password, Session
from timebank.sign_in_resets import ResetCode
from timebank.star_award_life import StarState
from timebank.star_awards import StarAward
from timebank.tables import Row, find, select
from timebank.totp import SecondFactor
from timebank.vault import DataKey, SealedField

pytestmark = pytest.mark.anyio
DAY = timedelta(days=1)


@pytest.fixture
async def city(sqlite_url: str, tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(sqlite_url, tmp_path) as opened:
        yield opened


async def test_records_of_one_time_and_of_service_to_oneself_are_put_right_before(
    city: World,
) -> None:
    lead, manager = city.staff[Role.DISTRICT_LEAD], city.staff[Role.STATION_MANAGER]
    gone, kept = await city.volunteer(), await city.volunteer()
    one, other = await posted(city, gone), await posted(city, kept)
    merge = await proposed(city, gone, kept)
    with pytest.raises(MergeOverlaps) as told:
        await merge_people(lead, merge=merge, key=key())
    day = (await record_of(one)).day.isoformat()
    assert told.value.details == {"record": one, "other": other, "day": day}
    await reverse_hours(lead, records=[one], reason=ReverseReason.RECORDED_WRONGLY, key=key())
    await merge_people(lead, merge=merge, key=key())
    assert {held.id for held in await records_of(whose(kept))} == {one, other}
    server, served = await city.volunteer(), await city.volunteer()
    record = await visited(city, server, recipient=await city.number_of(served))
    await confirm_hours(manager, records=[record], key=key())
    merge = await proposed(city, served, server)
    with pytest.raises(MergeServesSelf):
        await merge_people(lead, merge=merge, key=key())
    assert (await replay.compare(city.settings.database_url)).differing == 0


async def test_a_record_that_took_no_time_goes_over_again_and_again(city: World) -> None:
    people = first, _, last = [await city.volunteer() for _ in range(3)]
    record = await visited(city, first)
    manager = city.staff[Role.STATION_MANAGER]
    await reject_hours(manager, records=[record], reason=RejectReason.WRONG_TIMES, key=key())
    for gone, kept in pairwise(people):
        await merged(city, gone, kept)
    assert [held.id for held in await records_of(whose(last))] == [record]
    assert (await replay.compare(city.settings.database_url)).differing == 0


async def test_kin_proxies_household_and_wards_follow(city: World) -> None:
    gone, kept, kin, proxy = [await city.volunteer() for _ in range(4)]
    clerk = city.staff[Role.STATION_CLERK]
    await tied(city, gone, kin, Kinship.SIBLING)
    await tied(city, gone, kept, Kinship.SIBLING)
    await name_proxy(gone, number=await city.number_of(proxy), key=key())
    await name_proxy(proxy, number=await city.number_of(gone), key=key())
    await register_household(
        clerk,
        first=await city.number_of(gone),
        second=await city.number_of(kin),
        key=key(),
    )
    city.count += 1
    ward = await people.register_person(
        gone,
        name="李小明",
        document=DocumentType.RESIDENT_ID,
        document_number=resident_id(city.count + 500, date(2012, 1, 1)),
        phone="13900000000",
        home=city.station,
        consent=True,
        guardian=gone.person,
        key=key(),
    )
    await merged(city, gone, kept)
    pair = await find(KinPair, pair_id(whose(kept), whose(kin)))
    assert pair
    assert pair.agreed
    assert pair.kinship is Kinship.SIBLING
    assert await find(KinPair, pair_id(whose(gone), whose(kin))) is None
    assert await find(KinPair, pair_id(whose(gone), whose(kept))) is None
    assert await find(ProxyFor, proxy_key(whose(kept), whose(proxy)))
    assert await find(ProxyFor, proxy_key(whose(proxy), whose(kept)))
    assert await find(ProxyFor, proxy_key(whose(gone), whose(proxy))) is None
    members = [await find(HouseholdMember, whose(one)) for one in (kept, kin, gone)]
    assert members[0]
    assert members[1]
    assert members[0].household == members[1].household
    assert members[2] is None
    minor = await find(Person, ward.person)
    assert minor
    assert minor.guardian == whose(kept)
    lost, elsewhere = await city.volunteer(), await city.volunteer()
    for one, two in ((lost, proxy), (elsewhere, await city.volunteer())):
        first, second = await city.number_of(one), await city.number_of(two)
        await register_household(clerk, first=first, second=second, key=key())
    with pytest.raises(InHouseholdAlready):
        await merged(city, lost, elsewhere)
    assert (await replay.compare(city.settings.database_url)).differing == 0


async def test_an_erasure_reaches_what_was_kept_under_both_ids(world: World) -> None:
    first, gone, kept = [await world.volunteer() for _ in range(3)]
    await merged(world, first, gone)
    await merged(world, gone, kept)
    held = await find(Grants, whose(kept))
    assert held
    assert set(held.formers) == {whose(first), whose(gone)}
    await ask_erasure(await signed_in(kept), key=key())
    for one in (first, gone, kept):
        person = await find(Person, whose(one))
        assert person
        assert person.state is PersonState.ERASED
        assert await find(DataKey, whose(one)) is None
        assert await select(SealedField, person=whose(one)) == []
    listed = world.settings.erased_file.read_text().split()
    assert set(listed) == {whose(one) for one in (first, gone, kept)}
    assert (await replay.compare(world.settings.database_url)).differing == 0


async def test_whoever_is_registered_again_by_either_document_is_refused(city: World) -> None:
    gone, kept = await city.volunteer(), await city.volunteer()
    number = resident_id(city.count - 1)
    await merged(city, gone, kept)
    with pytest.raises(RegisteredAlready):
        await people.register_person(
            PUBLIC,
            name="王秀英",
            document=DocumentType.RESIDENT_ID,
            document_number=number,
            phone="13900000000",
            home=city.station,
            consent=True,
            key=key(),
        )
    clerk = city.staff[Role.STATION_CLERK]
    found = await directory.find_by_document(
        clerk, document=DocumentType.RESIDENT_ID, document_number=number
    )
    assert found
    assert found.id == whose(kept)


async def test_every_row_of_the_one_is_the_kept_ones_and_nobody_signs_in_by_it(
    city: World,
) -> None:
    gone, kept, other = await city.volunteer(), await city.volunteer(), await city.volunteer()
    old, stays, helper, at = whose(gone), whose(kept), whose(other), city.clock.now()
    parts = ("payer", "served", "helper")
    day = day_of(at)
    star = Standing(award="awd_1", level=1, needed=60, since=day)
    signing: list[Row] = [
        Session(digest="d", id="ses_1", person=old, began=at, seen=at),
        Attempts(subject=old, wrong=1),
        Password(person=old, phc="phc"),
        SecondFactor(person=old, secret=b"secret"),
        Passkey(digest="p", person=old, key=b"key", counter=0, added_on=day),
        PasskeyHolder(person=old, digests=("p",)),
        ResetCode(person=old, mark="reset", until=at),
        Card(mark="card", person=old, phc="phc"),
        CardHolder(person=old, mark="card"),
    ]
    assert {type(row) for row in signing} == set(SIGN_IN)
    rows: list[Row] = [
        *(
            replace(ORDER, id=f"hlp_{part}", state=HelpState.SETTLED, **{part: old})
            for part in parts
        ),
        replace(CONFIRMED, id="rec_9", volunteer=helper, recipient=old, state=RecordState.POSTED),
        NoShows(person=old, days=(day,), suspended_until=day),
        NoShows(person=stays, days=(day - DAY,)),
        Stars(person=old, held=(star,)),
        *signing,
    ]
    merge = await proposed(city, gone, kept)
    await put(*rows)
    lead = city.staff[Role.DISTRICT_LEAD]
    await merge_people(lead, merge=merge, key=key())
    for part in parts:
        order = await find(HelpOrder, f"hlp_{part}")
        assert order
        named = {one: getattr(order, one) for one in parts}
        assert named == {**{one: getattr(ORDER, one) for one in parts}, part: stays}
    record = await find(Record, "rec_9")
    assert record
    assert (record.volunteer, record.recipient) == (helper, stays)
    assert await find(NoShows, stays) == NoShows(stays, (day - DAY, day), day)
    assert await find(Stars, stays) == Stars(person=stays, held=(star,))
    gone_rows: list[Row] = [NoShows(old, ()), Stars(old), *signing]
    for row in gone_rows:
        assert await find(type(row), row.pk) is None, row
    (told,) = await select(Notice, person=stays, code=NoticeCode.PEOPLE_MERGED.value)
    assert told.hands == (city.staff[Role.STATION_CLERK].id, lead.id)


async def test_every_day_of_a_record_goes_over_beside_what_was_there(city: World) -> None:
    gone, kept = await city.volunteer(), await city.volunteer()
    old, stays, at = whose(gone), whose(kept), city.clock.now()
    day = CONFIRMED.day
    night = replace(
        replace(CONFIRMED, id="rec_night", volunteer=old, state=RecordState.POSTED, credited=50),
        starts=CONFIRMED.starts + timedelta(hours=14),
        ends=CONFIRMED.starts + timedelta(hours=16),
    )
    morning = replace(CONFIRMED, id="rec_1", volunteer=old, state=RecordState.POSTED)
    void = replace(CONFIRMED, id="rec_void", volunteer=old, state=RecordState.REVERSED, credited=7)
    own = Interval(record="rec_own", street="s", starts=at - DAY, ends=at - DAY)
    first, second = (
        tuple(
            Interval(record=one.id, street="s", starts=one.starts, ends=one.ends) for one in those
        )
        for those in ((morning, night), (night,))
    )
    award = StarAward(
        id="awd_1", person=old, path="420100/", level=1, minutes=60, needed=60, policy="p",
        state=StarState.DECLINED, applied_at=at,
    )  # fmt: skip
    merge = await proposed(city, gone, kept)
    await put(
        *(night, morning, void, award),
        VolunteerDay(id=day_key(old, day), intervals=first, credited=50),
        VolunteerDay(id=day_key(old, day + DAY), intervals=second),
        VolunteerDay(id=day_key(stays, day), intervals=(own,), credited=20),
    )
    await merge_people(city.staff[Role.DISTRICT_LEAD], merge=merge, key=key())
    told = {
        (who, date): await find(VolunteerDay, day_key(who, date))
        for who in (old, stays)
        for date in (day, day + DAY)
    }
    held = {
        place: (sorted(one.record for one in row.intervals), row.credited) if row else None
        for place, row in told.items()
    }
    assert held == {
        (old, day): ([], 0),
        (old, day + DAY): ([], 0),
        # What never counted brings no credit.
        (stays, day): (["rec_1", "rec_night", "rec_own"], 70),
        (stays, day + DAY): (["rec_night"], 0),
    }
    moved = await find(StarAward, "awd_1")
    assert moved
    assert moved.person == stays


# On the wire


async def test_what_has_no_room_goes_to_the_pool_where_the_kept_one_lives(city: World) -> None:
    gone, kept = await city.volunteer(), await city.volunteer()
    today = day_of(city.clock.now())
    far = "420100/420103/1/"
    cap = (await policies_on([today]))[today].credit.balance_cap
    rows = [
        Account(code=volunteer(whose(one)), unit="minute", balance=minutes)
        for one, minutes in ((gone, 100), (kept, cap - 40))
    ]
    moved = await find(Person, whose(kept))
    assert moved
    await put(*rows, replace(moved, home_path=far))
    here, there = (pool(pool_at(path)) for path in (city.station_path, far))
    before = await balance_of(here)
    one, other = [await city.officer(Role.CITY_LEAD) for _ in range(2)]
    numbers = [await city.number_of(who) for who in (gone, kept)]
    made = await propose_merge(
        one, number=numbers[0], kept=numbers[1], ground=MergeGround.MOVED, key=key()
    )
    await merge_people(other, merge=made.merge, key=key())
    assert await balance_of(volunteer(whose(kept))) == cap
    assert (await balance_of(there), await balance_of(here)) == (60, before)


async def test_the_statement_shows_both_with_the_trace(city: World) -> None:
    gone, kept = await city.volunteer(), await city.volunteer()
    lead, clerk = city.staff[Role.DISTRICT_LEAD], city.staff[Role.STATION_CLERK]
    moves: list[Move] = [("issuance:sta_1", volunteer(whose(gone)), "minute", 60)]
    await move(*moves)
    await move(("issuance:sta_1", volunteer(whose(kept)), "minute", 20))
    numbers = [await city.number_of(one) for one in (gone, kept)]
    made = await act(
        city,
        clerk,
        "proposeMerge",
        "merge",
        number=numbers[0],
        kept=numbers[1],
        ground="MISTYPED",
    )
    asks = (
        "query($s: String!) { merges(scope: $s) { id number keptNumber own ground"
        " person { number } kept { number } } }"
    )
    (shown,) = (await ask(city, clerk, asks, s=city.station_path))["merges"]
    assert shown == {
        "id": made["merge"],
        "number": numbers[0],
        "keptNumber": numbers[1],
        "own": True,
        "ground": "MISTYPED",
        "person": {"number": numbers[0]},
        "kept": {"number": numbers[1]},
    }
    told = await act(city, lead, "mergePeople", "entry { seq }", merge=made["merge"])
    assert told["userErrors"] == []
    dropped = await act(city, clerk, "dropMerge", "merge", merge=made["merge"])
    assert [one["code"] for one in dropped["userErrors"]] == ["NOT_IN_THIS_STATE"]
    own = await signed_in(kept)
    seen = await ask(
        city,
        own,
        "{ me { number formerNumbers } account { balanceMinutes statement(first: 10) { nodes"
        " { kind minutes balanceMinutes former } } } notices(first: 3) { nodes { code } } }",
    )
    assert seen["me"] == {"number": numbers[1], "formerNumbers": [numbers[0]]}
    assert seen["account"]["balanceMinutes"] == 80
    lines = [
        (one["kind"], one["minutes"], one["balanceMinutes"], one["former"])
        for one in seen["account"]["statement"]["nodes"]
    ]
    assert lines == [
        ("person.merged", 60, 80, False),
        ("test.moved", 20, 20, False),
        ("test.moved", 60, 60, True),
    ]
    assert "PEOPLE_MERGED" in {one["code"] for one in seen["notices"]["nodes"]}
