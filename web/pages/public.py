"""Pages of everybody who looks in from outside: the ledger in the open, and the verifier."""

from web.pages.table import Page

PAGES = (
    Page(
        path="/ledger",
        template="ledger.html",
        operation="open_ledger",
        who="anyone",
        menu="公开账本",
        group="open",
    ),
    Page(
        path="/verify",
        template="verify.html",
        operation="verifier_keys",
        who="anyone",
        menu="核验回执与证明",
        group="open",
    ),
)
