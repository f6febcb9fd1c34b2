"""Micro-wishes: what residents wish for, checked, and published without a name (domain 8).

Anybody tells one, without an account too; name, telephone, address and the resident's own words are
sealed for the claimant and the station's staff. The list shows a summary that names nobody. Knows
the wishes; who checks them, `wish_checks`, who grants them, `wish_claims`, and whether they were
granted, `wish_closings`.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import get_args

from msgspec.structs import replace
from tortoise.expressions import Q

from ledger.entry import Sealed
from timebank.access import Action, in_reach, may_read, permit, reach
from timebank.actors import PUBLIC, Actor, PersonId
from timebank.batch import Batch
from timebank.consents import ConsentMissing
from timebank.divisions import CITY_PATH
from timebank.ids import new
from timebank.journal import Answer, write
from timebank.keys import RequestKey
from timebank.lifecycles import step
from timebank.notices import NoticeCode, notify
from timebank.origins import count_origin, origin_at
from timebank.people import NAME_MOST, PHONE, NameMissing, PhoneWrong
from timebank.places import Station, working_station
from timebank.projections import Place, Rows, projects
from timebank.proxies import principal_in
from timebank.refusals import Forbidden, Refusal, Unauthenticated
from timebank.tables import Row, find_many, select, table
from timebank.texts import TextMissing, TextTooLong, read_texts
from timebank.vault import keep_fields, keyring, read_fields
from timebank.wish_life import (
    LIFECYCLE,
    LISTED,
    Moved,
    ReferTo,
    WishCarriedOver,
    WishClaimed,
    WishClosed,
    WishCollected,
    WishContacted,
    WishDeclined,
    WishDeclineReason,
    WishExtended,
    WishFulfilled,
    WishKind,
    WishPublished,
    WishRating,
    WishReferred,
    WishReopened,
    WishReturned,
    WishState,
    WishWay,
)
from timebank.working_days import working_days_later

WORDS_MOST = 500
MOST_OPEN = 3
"""A guard, not a rule of the domain: more from one telephone come to the counter."""
TOLD = ("name", "phone", "address")
AT_HAND = frozenset({WishWay.COUNTER, WishWay.GRID})
"""How staff take a wish down."""

# Refusals


class WishTooDear(Refusal):
    """A wish has a ceiling, in kind (domain 8)."""

    says = "A wish is worth at most {most} fen, in kind; for more the community helps otherwise."
    most: int
    path = ("fen",)


class TookItDown(Refusal):
    """Whoever took a wish down had the resident's link in hand (domain 11)."""

    says = "You took this wish down, and so had the resident's link; a colleague must do this."
    path = ("wish",)


class TooManyWishes(Refusal):
    """One telephone has some open wishes at most."""

    says = "{most} wishes from this telephone are open; come to the station for another."
    most: int
    path = ("phone",)


# Tables and projectors


@table("wish", index=[("path", "state", "place"), ("state", "due"), ("resident", "id")])
class Wish(Row, frozen=True):
    """One wish; `path` is its station's, `place` its place on the list, `due` its state's last day.

    Whatever came back, or nobody claimed in time, stands before the others on the list.
    `taken_by` is the staff, or the proxy, who took it down and handed the link over.
    """

    id: str
    station: str
    path: str
    place: str
    kind: WishKind
    way: WishWay
    fen: int
    state: WishState
    collected_at: datetime
    may_publish: bool
    due: date | None = None
    round: int = 1
    resident: str | None = None
    taken_by: str | None = None
    claim: str | None = None
    extended: bool = False
    rating: WishRating | None = None
    referred: ReferTo | None = None
    declined: WishDeclineReason | None = None

    @property
    def owner(self) -> str:
        """Under whose key what was told is sealed: a registered resident's own, which dies with it
        when they are erased; else the wish's."""
        return self.resident or self.id


def field_of(wish: str, label: str) -> str:
    """The name of a sealed field: a resident may have several wishes."""
    return f"{wish}:{label}"


@table("wish_phone", vault=True)
class WishPhone(Row, frozen=True):
    """Wishes told from one telephone in a month, by the mark that the month's key gives it."""

    mark: str
    wishes: tuple[str, ...]


@projects(WishCollected)
def _collected(rows: Rows, event: WishCollected, entry: Sealed) -> None:
    rows.put(
        Wish(
            id=event.wish,
            station=event.station,
            path=rows.there(Station, event.station).path,
            place=f"1/{event.wish}",
            kind=event.kind_of_wish,
            way=event.way,
            fen=event.fen,
            state=WishState.COLLECTED,
            collected_at=entry.at,
            may_publish=event.may_publish,
            due=event.review_by,
            resident=event.resident,
            taken_by=entry.actor if event.way in AT_HAND else event.proxy,
        )
    )


@projects(*get_args(Moved))
def _moved(rows: Rows, event: Moved, entry: Sealed) -> None:
    held = rows.there(Wish, event.wish)
    held = replace(held, state=step(LIFECYCLE, held.state, type(event)), due=due_after(event))
    if isinstance(event, WishReturned | WishReopened | WishCarriedOver):
        held = replace(held, place=f"0/{held.id}", claim=None, extended=False)
    if isinstance(event, WishCarriedOver):
        held = replace(held, round=event.round)
    elif isinstance(event, WishExtended):
        held = replace(held, extended=True)
    elif isinstance(event, WishClosed):
        held = replace(held, rating=event.rating)
    elif isinstance(event, WishReferred):
        held = replace(held, referred=event.to)
    elif isinstance(event, WishDeclined):
        held = replace(held, declined=event.reason)
    rows.put(held)


@projects(WishClaimed)
def _claimed(rows: Rows, event: WishClaimed, entry: Sealed) -> None:
    held = rows.there(Wish, event.wish)
    state = step(LIFECYCLE, held.state, WishClaimed)
    rows.put(replace(held, state=state, claim=event.claim, due=event.contact_by))


def due_after(event: Moved) -> date | None:
    """The last day for what an event asks for next, if it asks for anything."""
    if isinstance(event, WishContacted | WishExtended):
        return event.fulfil_by
    if isinstance(event, WishPublished | WishReturned | WishReopened | WishCarriedOver):
        return event.claim_by
    return event.rate_by if isinstance(event, WishFulfilled) else None


# What other capabilities ask


def wish_at_hand(batch: Batch, wish: str, action: Action = Action.JUDGE_WISHES) -> Wish:
    """The wish, for staff of its station who did not take it down; for others it is not there.

    Refuses: NotFound, TookItDown.
    """
    held = in_reach(batch, action, Wish, wish, what="wish")
    not_taken_down(batch, held)
    return held


def not_taken_down(batch: Batch, wish: Wish) -> None:
    """Go on only with a wish that somebody else took down. Refuses: TookItDown."""
    if wish.taken_by in batch.actor.selves:
        raise TookItDown


def tell_resident(batch: Batch, wish: Wish, code: NoticeCode) -> None:
    """Put a notice into the inbox of a registered resident; others have their link alone."""
    if wish.resident is not None:
        notify(batch, wish.resident, code, wish.id, hands=[])


def claim_by(batch: Batch) -> date:
    """The last day to claim what is put on the list today."""
    return batch.today + timedelta(days=batch.policy.wish.claim_days)


# Commands


class Wished(Answer, frozen=True, kw_only=True):
    """The wish that was told or moved on."""

    wish: str


async def collect_wish(
    actor: Actor,
    *,
    station: str,
    kind: WishKind,
    words: str,
    name: str,
    phone: str,
    consent: bool,
    key: RequestKey,
    address: str = "",
    fen: int = 0,
    may_publish: bool = False,
    principal: str | None = None,
    on_the_way: bool = False,
    sent_from: str = "",
) -> Wished:
    """Take down a wish: from a page without an account, oneself, a proxy, or staff for anybody.

    Args: fen, what it may be worth; principal, the volunteer number of whom a proxy acts for;
    on_the_way, that staff took it down in the grid and not at the counter; sent_from, the network
    address that a stranger's count by; consent, that the resident lets the station keep what they
    told.
    Refuses: ConsentMissing, NameMissing, PhoneWrong, TextMissing, TextTooLong, WishTooDear,
    TooManyWishes, OriginBusy, NotFound, StationNotActive.   Source: domain 8.
    """
    if key.scope == PUBLIC.scope:
        raise Unauthenticated
    wish, told = new("wsh"), _told(name, phone, words, address, consent=consent)
    mark = keyring().current().mark("wish phone", told["phone"])
    origin = origin_at(sent_from)

    def work(batch: Batch) -> Wished:
        place = working_station(batch, station)
        if not 0 <= fen <= batch.policy.wish.ceiling_fen:
            raise WishTooDear(most=batch.policy.wish.ceiling_fen)
        way, resident, proxy = _who(batch, place.path, principal, on_the_way=on_the_way)
        if way is WishWay.PAGE:
            _not_too_many(batch, mark, wish)
            if not batch.actor.known:
                count_origin(batch, origin)
        sealed = {field_of(wish, label): value for label, value in told.items()}
        keep_fields(batch, resident or wish, **sealed)
        event = WishCollected(
            wish=wish,
            station=station,
            kind_of_wish=kind,
            way=way,
            fen=fen,
            may_publish=may_publish,
            review_by=working_days_later(batch.today, batch.policy.wish.review_working_days),
            resident=resident,
            proxy=proxy,
        )
        return Wished(entry=batch.record(event).seq, wish=wish)

    needs: list[Place] = [(Station, station), (WishPhone, mark), origin]
    return await write(actor, key, work, answer=Wished, needs=needs)


def _told(name: str, phone: str, words: str, address: str, *, consent: bool) -> dict[str, str]:
    """What the resident told, as it is sealed. Refuses what is missing or malformed."""
    name, phone = " ".join(name.split()), phone.replace(" ", "")
    if not consent:
        raise ConsentMissing
    if not name or len(name) > NAME_MOST or not name.isprintable():
        raise NameMissing(most=NAME_MOST)
    if not PHONE.fullmatch(phone):
        raise PhoneWrong
    if not words.strip():
        raise TextMissing(label="words")
    for label, value in (("words", words), ("address", address)):
        if len(value) > WORDS_MOST:
            raise TextTooLong(label=label, most=WORDS_MOST, length=len(value))
    return {"name": name, "phone": phone, "words": words.strip(), "address": address.strip()}


def _who(
    batch: Batch, path: str, principal: str | None, *, on_the_way: bool
) -> tuple[WishWay, PersonId | None, PersonId | None]:
    """How the wish comes in, whose it is if they are registered, and the proxy who tells it."""
    if principal is not None:
        whose, proxy = principal_in(batch, principal)
        return WishWay.PROXY if proxy else WishWay.PAGE, whose, proxy
    try:
        permit(batch, Action.COLLECT_WISHES, path)
    except (Forbidden, Unauthenticated):
        return WishWay.PAGE, batch.actor.person, None
    return WishWay.GRID if on_the_way else WishWay.COUNTER, None, None


def _not_too_many(batch: Batch, mark: str, wish: str) -> None:
    held = batch.get(WishPhone, mark) or WishPhone(mark=mark, wishes=())
    batch.ask(*((Wish, id) for id in held.wishes))
    going = tuple(id for id in held.wishes if LIFECYCLE[batch.there(Wish, id).state])
    if len(going) >= MOST_OPEN:
        raise TooManyWishes(most=MOST_OPEN)
    batch.put(WishPhone(mark=mark, wishes=(*going, wish)))


# Reads


async def visible_wishes(actor: Actor, ids: Sequence[str]) -> dict[str, Wish]:
    """Wishes by id: those on the list for everybody, others for the resident and their staff."""
    found = await find_many(Wish, ids)
    theirs = await reach(actor, Action.COLLECT_WISHES)
    return {
        held.id: held
        for held in found.values()
        if held.state in LISTED or held.resident in actor.selves or theirs(held.path)
    }


async def wishes_below(
    actor: Actor,
    path: str,
    state: WishState,
    *,
    after: str | None,
    before: str | None,
    limit: int,
    backward: bool,
) -> list[Wish]:
    """Wishes at or below a path: what came back first, then the oldest; for staff any state."""
    if state not in LISTED and not await may_read(actor, Action.COLLECT_WISHES, path):
        return []
    bounds = [Q(place__gt=after)] if after else []
    bounds += [Q(place__lt=before)] if before else []
    order = ["-place" if backward else "place"]
    states = [one.value for one in LISTED] if state in LISTED else [state.value]
    below = Q(path__startswith=path or CITY_PATH, state__in=states)
    return await select(Wish, below, *bounds, order=order, limit=limit)


async def summaries_of(ids: Sequence[str]) -> dict[str, str]:
    """The published words of wishes: they name nobody."""
    return await read_texts(ids, "summary")


async def told_of(ids: Sequence[str]) -> dict[str, dict[str, str]]:
    """What residents told, by wish: for whoever was asked already whether they may know."""
    owners = {held.id: held.owner for held in (await find_many(Wish, ids)).values()}
    fields = {id: {field_of(id, label): label for label in (*TOLD, "words")} for id in owners}
    asked = [field for labels in fields.values() for field in labels]
    read = await read_fields(list(dict.fromkeys(owners.values())), *asked)
    return {
        id: {fields[id][field]: told for field, told in read[owner].items() if field in fields[id]}
        for id, owner in owners.items()
    }
