"""Actors: who is asking. An actor is established by sign-in and never by what it says itself."""

import msgspec

PersonId = str


class Actor(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks: a person, a device of a station, the software itself, or nobody known.

    `id` is what the ledger keeps as the entry's actor; `person` is set for people, `closed` if they
    closed their account; of whoever is `unproved` the roles rest, for staff prove twice who they
    are; `device` tells that it is a station's device; `form` is the id of the signed form that
    somebody without an account sends; `formers` are the ids of registrations that went into this
    one.
    Whoever acts for another asks as themselves: the event names both.
    """

    id: str
    person: PersonId | None = None
    session: str | None = None
    staff: bool = False
    device: bool = False
    form: str | None = None
    closed: bool = False
    unproved: bool = False
    formers: tuple[PersonId, ...] = ()

    @property
    def selves(self) -> tuple[PersonId, ...]:
        """Every id under which the person did things; none of whoever is no person."""
        return (self.person, *self.formers) if self.person else ()

    @property
    def known(self) -> bool:
        """Whether somebody is signed in."""
        return self.id != "public"

    @property
    def scope(self) -> str:
        """The name under which this caller's request keys are kept (ledger format 6)."""
        return f"form:{self.form}" if self.form else self.id


PUBLIC = Actor(id="public")
SYSTEM = Actor(id="system")


def person(
    id: PersonId,
    *,
    session: str | None = None,
    staff: bool = False,
    closed: bool = False,
    unproved: bool = False,
    formers: tuple[PersonId, ...] = (),
) -> Actor:
    """The actor that is a signed-in person."""
    return Actor(
        id=id,
        person=id,
        session=session,
        staff=staff,
        closed=closed,
        unproved=unproved,
        formers=formers,
    )
