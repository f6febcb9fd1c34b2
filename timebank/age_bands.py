"""Ages: from which day somebody serves, earns credit, is of age, draws as an elder (domain 4, 6).

The years are the policy's, of the day that is asked about: a new age holds for those too who were
registered before it. Kept for decisions, which read no vault field, and sealed as those are.
"""

from datetime import date

from timebank.identity import ADULT, anniversary
from timebank.tables import Row, table


@table("age_band", vault=True, sealed=True)
class AgeBand(Row, frozen=True):
    """How old somebody is on any day."""

    person: str
    born: date

    def turns(self, years: int) -> date:
        """The day from which they are that old."""
        return anniversary(self.born, years)

    @property
    def adult_from(self) -> date:
        """The day from which they are of age."""
        return self.turns(ADULT)
