"""Names as they are searched: by characters, by pinyin, or by its first letters, at one station.

What can be searched is indexed by keyed marks with the station in them, so that an index tells
nothing, not even that two people at two stations are called alike, and no search reaches further
than the scope of whoever searches. A surname that is read in several ways is found by each of them,
a given name by the usual reading. Knows spelling; `directory` knows who may search.
"""

import re
import unicodedata
from collections.abc import Iterable

from timebank.actors import PersonId
from timebank.batch import Batch
from timebank.tables import select
from timebank.vault import (
    KeyedFinding,
    found_shared,
    index_shared,
    unindex_shared,
)

KIND = "name"
READINGS_MOST = 3
"""Readings of a surname: 单 is dan, chan and, of people, shan."""
MOST_ALIKE = 50
LETTERS = re.compile(r"[^\W\d_]", re.UNICODE)


# Spelling


def plain(told: str) -> str:
    """A name as it is compared: its letters alone, whatever their width, case and accents."""
    flat = unicodedata.normalize("NFKD", told.replace("ü", "v").replace("Ü", "v")).casefold()
    return "".join(LETTERS.findall(flat))


def spellings(name: str) -> frozenset[str]:
    """All by which a name is found: 王秀英, wangxiuying and wxy."""
    # A dictionary of 40,000 phrases: whoever searches nothing need not wait for it.
    from pypinyin import Style, pinyin

    letters = plain(name)
    read = [
        list(dict.fromkeys(map(plain, ways)))
        for letter in letters
        for ways in pinyin(letter, style=Style.NORMAL, heteronym=True)
    ]
    usual = [ways[0] for ways in read[1:]]
    ways = [[surname, *usual] for surname in (read[0][:READINGS_MOST] if read else ())]
    spelled = {"".join(way) for way in ways}
    if not letters.isascii():
        spelled |= {"".join(part[:1] for part in way) for way in ways}
    return frozenset({letters, *spelled} - {""})


# What other capabilities ask


def index_name(batch: Batch, person: PersonId, station: str | None, name: str) -> None:
    """Let a person be found by name at their home station."""
    for spelled in sorted(spellings(name)):
        index_shared(batch, person, KIND, _at(station, spelled))


def reindex_name(
    batch: Batch, person: PersonId, station: str | None, name: str, found: Iterable[str]
) -> None:
    """The same after the name or the home changed; `found` are the keys of all their findings."""
    unindex_shared(batch, person, found, KIND)
    index_name(batch, person, station, name)


# Reads


async def findings_of(person: PersonId) -> list[str]:
    """The keys of all by which a person is found, for whoever is to be found anew."""
    return [held.id for held in await select(KeyedFinding, person=person)]


async def named_at(station: str, name: str) -> list[PersonId]:
    """Those whose home is a station and whose name is spelled so, some of them at least."""
    told = plain(name)
    return await found_shared(KIND, _at(station, told), limit=MOST_ALIKE) if told else []


def _at(station: str | None, spelled: str) -> str:
    return f"{station or ''}/{spelled}"
