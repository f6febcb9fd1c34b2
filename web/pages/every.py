"""Every page and every form: the tables of each part, put together.

The order within a group is that of the menu. Whoever adds a part adds a line to each.
"""

from web.pages import (
    community,
    counter,
    everybody,
    funding,
    granting,
    helping,
    membership,
    offices,
    organising,
    personal,
    public,
    recognition,
    societies,
    society_cases,
    stations,
    volunteers,
    wishing,
)
from web.pages.acts import form_of

PAGES = (
    *everybody.PAGES,
    *volunteers.PAGES,
    *personal.PAGES,
    *stations.PAGES,
    *counter.PAGES,
    *organising.PAGES,
    *helping.PAGES,
    *recognition.PAGES,
    *offices.PAGES,
    *wishing.PAGES,
    *membership.PAGES,
    *societies.PAGES,
    *society_cases.PAGES,
    *public.PAGES,
    *funding.PAGES,
    *community.PAGES,
    *granting.PAGES,
    everybody.EVERYTHING,
)
FORMS = (
    *everybody.FORMS,
    *volunteers.FORMS,
    *personal.FORMS,
    *helping.FORMS,
    *recognition.FORMS,
    *offices.FORMS,
    *funding.FORMS,
    *community.FORMS,
    *granting.FORMS,
    *wishing.FORMS,
    *membership.FORMS,
    *societies.FORMS,
    *society_cases.FORMS,
    *stations.FORMS,
    *counter.FORMS,
    *organising.FORMS,
    *(form_of(page.path, act) for page in PAGES for act in page.acts),
)
