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
    notices,
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
    silence,
    stars,
    teams,
    texts,
    vault,
    waiting,
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
    notices,
    hours,
    captures,
    confirmations,
    reversals,
    silence,
    waiting,
    rosters,
    accounts,
    rewards,
    reward_orders,
    stars,
)

SPINE = (texts, vault)
