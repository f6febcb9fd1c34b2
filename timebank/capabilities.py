"""The capabilities, in order: importing this module opens all of them.

Projectors run in this order. Whoever adds a noun adds one line here.
"""

from timebank import (
    access,
    accounts,
    activities,
    attendance,
    divisions,
    people,
    places,
    policy,
    sign_in,
    sign_ups,
    teams,
    texts,
    vault,
)

CAPABILITIES = (
    policy,
    divisions,
    places,
    teams,
    people,
    access,
    sign_in,
    activities,
    sign_ups,
    attendance,
    accounts,
)

SPINE = (texts, vault)
