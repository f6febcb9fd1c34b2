"""Names of organisations: two of a city do not share one, nor ask for the same (domain 9).

A name is kept from the day it is asked for. What came to nothing, was given up, or was an
organisation's that ended is free again. Knows names by a mark alone; texts have their words.
"""

from timebank.batch import Batch
from timebank.organisation_life import LIFECYCLE
from timebank.organisations import Organisation
from timebank.refusals import Refusal
from timebank.tables import Row, table
from timebank.vault import keyring

# Refusals


class OrganisationNameTaken(Refusal):
    """Two organisations of the city do not share a name."""

    says = "Another organisation of this city has this name, or keeps it for now."
    path = ("name",)


# Tables


@table("organisation_name", vault=True)
class OrganisationName(Row, frozen=True):
    """Who has a name, or keeps it, by its mark."""

    mark: str
    organisation: str


# What other capabilities ask


def keep_name(batch: Batch, organisation: str, name: str, *, giving_way: str | None = None) -> None:
    """Keep a name for an organisation. Refuses: OrganisationNameTaken.

    Names of what ended, or came to nothing, are free again; `giving_way` is the filed organisation
    that becomes this one, and hands its name on.
    """
    mark = _mark(name)
    taken = batch.get(OrganisationName, mark)
    if taken is not None and taken.organisation not in (organisation, giving_way):
        state = batch.there(Organisation, taken.organisation).state
        if LIFECYCLE[state]:
            raise OrganisationNameTaken
    batch.put(OrganisationName(mark=mark, organisation=organisation))


def free_name(batch: Batch, organisation: str, name: str) -> None:
    """Keep a name no more that an organisation gave up, or was refused."""
    held = batch.get(OrganisationName, _mark(name))
    if held is not None and held.organisation == organisation:
        batch.drop(OrganisationName, held.mark)


def _mark(name: str) -> str:
    return keyring().mark("organisation name", "".join(name.split()))
