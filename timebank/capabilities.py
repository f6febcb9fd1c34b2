"""The capabilities, in order: importing this module opens all of them.

Projectors run in this order. Whoever adds a noun adds one line here.
"""

from timebank import access, accounts, divisions, places, policy, texts, vault

CAPABILITIES = (policy, divisions, places, access, accounts)

SPINE = (texts, vault)
