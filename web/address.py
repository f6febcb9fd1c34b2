"""The address under which people reach this server: what printed codes lead to.

A printed code outlives the request that printed it, so it never leads to whatever host the request
named. Knows the setting; refuses to guess, but for a visitor of this machine itself.
"""

from ipaddress import ip_address
from urllib.parse import parse_qsl, urlencode

from starlette.requests import Request

UNADDRESSED = "This server has no public address, so no code can lead to it; its operator sets one."


def public_address(request: Request) -> str | None:
    """The address without a slash at its end; None where none is set and others may be asking."""
    address: str = request.app.state.settings.address
    if address:
        return address
    if is_loopback(request.url.hostname or ""):
        return str(request.base_url).rstrip("/")
    return None


def is_loopback(host: str) -> bool:
    """Whether a host is this machine, reached from itself alone."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def address_of(request: Request, path: str = "") -> str:
    """The address of the page that a request is about, with its query."""
    query = request.scope["query_string"].decode("latin-1")
    return (path or request.scope["path"]) + (f"?{query}" if query else "")


def turned(address: str, name: str, cursor: str | None = None) -> str:
    """A page's address where its list `name` goes on after a cursor; None, from its beginning."""
    path, _, query = address.partition("?")
    kept = [one for one in parse_qsl(query) if one[0] not in (name, "done")]
    told = urlencode([*kept, *([(name, cursor)] if cursor else [])])
    return f"{path}?{told}#{name}" if told else f"{path}#{name}"
