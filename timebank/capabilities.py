"""The capabilities, in order: importing this module opens all of them.

Projectors run in this order. Whoever adds a noun adds one line here.
"""

from timebank import access, accounts, divisions, people, places, policy, sign_in, texts, vault

CAPABILITIES = (policy, divisions, places, people, access, sign_in, accounts)

SPINE = (texts, vault)
