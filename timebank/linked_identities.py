"""Linked identities: signing in by somebody else's word, as of the province's or a firm's sign-in.

A person who is signed in links what a provider knows them by; from then on that provider's word
opens a session. Nobody is registered and nobody is found by it: an identity that is linked to
nobody opens nothing. It proves one thing only, so that roles rest until the second factor is given.
The provider's name for the person lies in the vault under the person's key, found by a keyed index,
and goes with the person. Knows names of providers; whoever asked the provider tells what it said.
"""

from timebank.access import permit_self
from timebank.actors import Actor, PersonId
from timebank.batch import Batch
from timebank.journal import Answer, write
from timebank.people import Person
from timebank.refusals import NotFound, Refusal
from timebank.settings import ProviderSettings
from timebank.sign_in import SignedIn, open_session
from timebank.vault import (
    KeyedIndex,
    SealedField,
    found_alone,
    holder_of,
    index_alone,
    keep_fields,
    keyring,
    read_fields,
)

KIND = "identity"


# Refusals


class IdentityUnknown(Refusal):
    """Nobody linked what the provider knows this person by."""

    says = (
        "Nobody here is linked to this sign-in yet. Sign in another way, then link it in your data."
    )


class IdentityTaken(Refusal):
    """One sign-in opens one account."""

    says = "This sign-in is linked to another account; unlink it there first."


class IdentityLinked(Refusal):
    """A person links one identity of a provider; another takes its place only on purpose."""

    says = "You are linked to an identity of this provider already; unlink it first."


# Decisions


def decide_link(person: PersonId, *, holder: PersonId | None, linked: bool) -> None:
    """Whether a person may link an identity that `holder` has. Refuses: IdentityTaken,
    IdentityLinked."""
    if holder is not None and holder != person:
        raise IdentityTaken
    if linked:
        raise IdentityLinked


# Commands


class Linked(Answer, frozen=True, kw_only=True):
    """Which provider's word was linked or unlinked."""

    provider: str


async def link_identity(actor: Actor, *, provider: str, subject: str) -> Linked:
    """Link what a provider knows the actor by; the provider was asked, and said so just now.

    Refuses: NotFound, IdentityTaken, IdentityLinked.   Source: web 3.
    """
    person = permit_self(actor)
    name = _identity(_known(provider), subject)

    def work(batch: Batch) -> Linked:
        batch.need(Person, person, "person")
        held = holder_of(batch, KIND, name)
        linked = batch.get(SealedField, f"{person}:{_field(provider)}") is not None
        decide_link(person, holder=held.person if held else None, linked=linked)
        keep_fields(batch, person, **{_field(provider): subject})
        index_alone(batch, person, KIND, name)
        return Linked(provider=provider)

    return await write(actor, None, work, answer=Linked, needs=[(Person, person)])


async def unlink_identity(actor: Actor, *, provider: str) -> Linked:
    """Let a provider's word open nothing any more. Refuses: NotFound."""
    person = permit_self(actor, closed_too=True)
    kept = (await read_fields([person], _field(provider)))[person].get(_field(provider))
    if kept is None:
        raise NotFound(what="identity")
    name = _identity(_known(provider), kept)

    def work(batch: Batch) -> Linked:
        held = holder_of(batch, KIND, name)
        if held is not None and held.person == person:
            batch.drop(KeyedIndex, held.mark)
        batch.drop(SealedField, f"{person}:{_field(provider)}")
        return Linked(provider=provider)

    return await write(actor, None, work, answer=Linked)


async def sign_in_by_provider(*, provider: str, subject: str) -> SignedIn:
    """Open a session for whoever is linked to what the provider said just now.

    Refuses: NotFound, IdentityUnknown, SignInFailed.   Source: web 3.
    """
    person = await found_alone(KIND, _identity(_known(provider), subject))
    if person is None:
        raise IdentityUnknown
    return await open_session(person, twice=False)


# Reads


def providers() -> tuple[ProviderSettings, ...]:
    """Whose word is taken here."""
    return keyring().settings.providers


async def linked_to(actor: Actor) -> list[ProviderSettings]:
    """The providers whose word opens the actor's own account."""
    person = permit_self(actor, closed_too=True)
    kept = (await read_fields([person], *(_field(one.name) for one in providers())))[person]
    return [one for one in providers() if _field(one.name) in kept]


def _known(provider: str) -> ProviderSettings:
    found = next((one for one in providers() if one.name == provider), None)
    if found is None:
        raise NotFound(what="provider")
    return found


def _identity(provider: ProviderSettings, subject: str) -> str:
    """What is indexed: the same name at another issuer is somebody else."""
    return f"{provider.issuer} {subject}"


def _field(provider: str) -> str:
    return f"identity of {provider}"
