"""The capabilities, in order: importing this module opens all of them.

Projectors run in this order. Whoever adds a noun adds one line here.
"""

from timebank import access, policy, texts, vault

CAPABILITIES = (policy, access)

SPINE = (texts, vault)
