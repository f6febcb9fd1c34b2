"""The life of a micro-wish, from the resident's first word to their last (domain 8).

Knows events, their order and the refusals on the way; `wishes` keeps the wishes. A wish is granted
in kind: no event moves money, and none could.
"""

from datetime import date
from enum import StrEnum

from timebank.actors import PersonId
from timebank.events import Event
from timebank.lifecycles import Lifecycle


class WishState(StrEnum):
    """The life of a wish (domain 8); `community` is handled by the community itself."""

    COLLECTED = "collected"
    APPROVED = "approved"
    REFERRED = "referred"
    DECLINED = "declined"
    PUBLISHED = "published"
    CLAIMED = "claimed"
    IN_PROGRESS = "in_progress"
    FULFILLED = "fulfilled"
    CLOSED = "closed"
    REOPENED = "reopened"
    COMMUNITY = "community"


LISTED = frozenset({WishState.PUBLISHED, WishState.REOPENED})
"""Where a wish can be claimed."""


class WishKind(StrEnum):
    """What is wished for: goods and help, never cash."""

    GOODS = "goods"
    REPAIR = "repair"
    COMPANY = "company"
    ERRAND = "errand"
    LEARNING = "learning"
    HEALTH = "health"
    OTHER = "other"


class WishWay(StrEnum):
    """How a wish came in."""

    PAGE = "page"
    COUNTER = "counter"
    GRID = "grid"
    PROXY = "proxy"


class ReferTo(StrEnum):
    """Who is better placed than a neighbour."""

    SOCIAL_AID = "social_aid"
    DISABLED_FEDERATION = "disabled_federation"
    HEALTH_CENTRE = "health_centre"
    LEGAL_AID = "legal_aid"


class WishDeclineReason(StrEnum):
    """Why a wish is not taken up."""

    NOT_A_NEED = "not_a_need"
    CASH = "cash"
    DUPLICATE = "duplicate"
    UNREACHABLE = "unreachable"
    AGAINST_THE_LAW = "against_the_law"


class ClaimantKind(StrEnum):
    """Who grants a wish (domain 8)."""

    MEMBER = "member"
    TEAM = "team"
    UNIT = "unit"
    VOLUNTEER = "volunteer"


class WishReturnReason(StrEnum):
    """Why a claimed wish is back on the list."""

    NO_CONTACT = "no_contact"
    NOT_FULFILLED = "not_fulfilled"
    GIVEN_BACK = "given_back"


class WordWay(StrEnum):
    """How the resident's last word came; silence is none, and closes neutral."""

    LINK = "link"
    CODE = "code"
    PHONE = "phone"
    SILENCE = "silence"


class WishRating(StrEnum):
    """How the resident found it."""

    GOOD = "good"
    FAIR = "fair"
    POOR = "poor"
    NEUTRAL = "neutral"


class WishParty(StrEnum):
    """Who must act next on a wish."""

    STATION = "station"
    NEIGHBOURS = "neighbours"
    CLAIMANT = "claimant"
    RESIDENT = "resident"
    COMMUNITY = "community"


# Events


class _OfWish(Event, frozen=True, kw_only=True):
    wish: str


class WishCollected(_OfWish, frozen=True, kw_only=True, tag="wish.collected"):
    """A resident has a wish, worth about `fen`; what they said is sealed beside the ledger.

    `may_publish` tells that they consented to its being published without their name.
    """

    station: str
    kind_of_wish: WishKind
    way: WishWay
    fen: int
    may_publish: bool
    review_by: date
    resident: PersonId | None = None
    proxy: PersonId | None = None


class WishApproved(_OfWish, frozen=True, kw_only=True, tag="wish.approved"):
    """Staff checked it: a neighbour can grant it."""


class WishReferred(_OfWish, frozen=True, kw_only=True, tag="wish.referred"):
    """It goes to somebody better placed."""

    to: ReferTo


class WishDeclined(_OfWish, frozen=True, kw_only=True, tag="wish.declined"):
    """It is not taken up, with a reason code."""

    reason: WishDeclineReason


class WishPublished(_OfWish, frozen=True, kw_only=True, tag="wish.published"):
    """It is on the list until `claim_by`; `summary` commits to words that name nobody."""

    summary: str
    claim_by: date


class WishClaimed(_OfWish, frozen=True, kw_only=True, tag="wish.claimed"):
    """Somebody has it to themselves, and is in contact by `contact_by`."""

    claim: str
    claimant_kind: ClaimantKind
    claimant: str
    contact_by: date


class WishContacted(_OfWish, frozen=True, kw_only=True, tag="wish.contacted"):
    """The claimant spoke to the resident, and grants it by `fulfil_by`."""

    claim: str
    fulfil_by: date


class WishExtended(_OfWish, frozen=True, kw_only=True, tag="wish.extended"):
    """The claimant takes some days more, once."""

    claim: str
    fulfil_by: date


class WishReturned(_OfWish, frozen=True, kw_only=True, tag="wish.returned"):
    """It is back on the list with priority."""

    claim: str
    reason: WishReturnReason
    claim_by: date


class WishFulfilled(_OfWish, frozen=True, kw_only=True, tag="wish.fulfilled"):
    """It is granted, as the claimant says (or the community, without a claim); now the resident.

    `evidence` commits to a note, if one was left: nobody must prove anything.
    """

    rate_by: date
    claim: str | None = None
    evidence: str | None = None


class WishClosed(_OfWish, frozen=True, kw_only=True, tag="wish.closed"):
    """The resident confirmed and rated it, or said nothing for some days."""

    way: WordWay
    rating: WishRating


class WishReopened(_OfWish, frozen=True, kw_only=True, tag="wish.reopened"):
    """The resident said that it was not granted: it is on the list with priority."""

    way: WordWay
    claim_by: date


class WishCarriedOver(_OfWish, frozen=True, kw_only=True, tag="wish.carried_over"):
    """Nobody claimed it in time: it stays on the list for another round, with priority."""

    round: int
    claim_by: date


class WishTakenOver(_OfWish, frozen=True, kw_only=True, tag="wish.taken_over"):
    """Nobody claimed it in any round: the community handles it."""


Judged = WishApproved | WishReferred | WishDeclined
Moved = (
    Judged
    | WishPublished
    | WishContacted
    | WishExtended
    | WishReturned
    | WishFulfilled
    | WishClosed
    | WishReopened
    | WishCarriedOver
    | WishTakenOver
)

# Lifecycle

LIFECYCLE: Lifecycle[WishState] = {
    WishState.COLLECTED: {
        WishApproved: WishState.APPROVED,
        WishReferred: WishState.REFERRED,
        WishDeclined: WishState.DECLINED,
    },
    WishState.APPROVED: {
        WishPublished: WishState.PUBLISHED,
        WishReferred: WishState.REFERRED,
        WishDeclined: WishState.DECLINED,
    },
    WishState.PUBLISHED: {
        WishClaimed: WishState.CLAIMED,
        WishCarriedOver: WishState.PUBLISHED,
        WishTakenOver: WishState.COMMUNITY,
    },
    WishState.CLAIMED: {
        WishContacted: WishState.IN_PROGRESS,
        WishReturned: WishState.PUBLISHED,
    },
    WishState.IN_PROGRESS: {
        WishExtended: WishState.IN_PROGRESS,
        WishFulfilled: WishState.FULFILLED,
        WishReturned: WishState.PUBLISHED,
    },
    WishState.COMMUNITY: {WishFulfilled: WishState.FULFILLED},
    WishState.FULFILLED: {
        WishClosed: WishState.CLOSED,
        WishReopened: WishState.REOPENED,
    },
    WishState.REOPENED: {
        WishClaimed: WishState.CLAIMED,
        WishCarriedOver: WishState.REOPENED,
        WishTakenOver: WishState.COMMUNITY,
    },
    WishState.REFERRED: {},
    WishState.DECLINED: {},
    WishState.CLOSED: {},
}

PARTIES = {
    WishState.COLLECTED: WishParty.STATION,
    WishState.APPROVED: WishParty.STATION,
    WishState.PUBLISHED: WishParty.NEIGHBOURS,
    WishState.CLAIMED: WishParty.CLAIMANT,
    WishState.IN_PROGRESS: WishParty.CLAIMANT,
    WishState.FULFILLED: WishParty.RESIDENT,
    WishState.REOPENED: WishParty.NEIGHBOURS,
    WishState.COMMUNITY: WishParty.COMMUNITY,
}
"""Whose turn it is, by state; a wish in another state waits for nobody here."""
