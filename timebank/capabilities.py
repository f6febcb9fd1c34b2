"""The capabilities, in order: importing this module opens all of them.

Projectors run in this order. Whoever adds a noun adds one line here.
"""

from timebank import (
    access,
    accounts,
    activities,
    attendance,
    captures,
    confirmations,
    divisions,
    hours,
    people,
    places,
    policy,
    policy_drafts,
    reversals,
    reward_orders,
    rewards,
    rosters,
    sign_in,
    sign_ups,
    stars,
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
    policy_drafts,
    sign_in,
    activities,
    sign_ups,
    attendance,
    hours,
    captures,
    confirmations,
    reversals,
    rosters,
    accounts,
    rewards,
    reward_orders,
    stars,
)

SPINE = (texts, vault)
