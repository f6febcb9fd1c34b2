"""The address under which people reach this server: what printed codes lead to.

A printed code outlives the request that printed it, so it never leads to whatever host the request
named. Knows the setting; refuses to guess, but for a visitor of this machine itself.
"""

from ipaddress import ip_address

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
