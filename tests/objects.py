"""An S3-compatible service for the tests: one bucket, path style, every signature checked.

It speaks what the store of files asks for (put, get, list in pages, delete of many) as Amazon's
documentation tells it, with signatures of version 4. A stranger's request is refused, so that
nothing passes here that a real service would turn away for its signature.
"""

import hashlib
import hmac
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree

KEY_ID, SECRET, REGION, BUCKET = "timebank", "a secret of the tests", "wuhan", "files"
PAGE = 2
"""How many names a page of a list has: fewer than a test puts there."""


def signature(request: BaseHTTPRequestHandler) -> str:
    """What a request should be signed with, by its own list of signed headers."""
    told = request.headers["authorization"]
    fields = dict(part.strip().split("=", 1) for part in told.split(" ", 1)[1].split(","))
    day, region, service, end = fields["Credential"].split("/")[1:]
    assert (region, service, end) == (REGION, "s3", "aws4_request")
    address = urlsplit(request.path)
    query = sorted(pair if "=" in pair else f"{pair}=" for pair in address.query.split("&") if pair)
    names = fields["SignedHeaders"].split(";")
    canonical = "\n".join(
        [
            str(request.command),
            address.path,
            "&".join(query),
            *(f"{name}:{request.headers[name].strip()}" for name in names),
            "",
            ";".join(names),
            request.headers["x-amz-content-sha256"],
        ]
    )
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    scope = "/".join((day, region, service, end))
    text = "\n".join(["AWS4-HMAC-SHA256", request.headers["x-amz-date"], scope, digest])
    key = f"AWS4{SECRET}".encode()
    for part in (day, region, service, end, text):
        key = hmac.digest(key, part.encode(), "sha256")
    return key.hex()


class Handler(BaseHTTPRequestHandler):
    """One request on the bucket."""

    protocol_version = "HTTP/1.1"
    server: "Service"

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        """Answer with a status and a body."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def handle_one(self) -> None:
        """Check the signature and the body's digest, and do what is asked."""
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        sent = self.headers.get("authorization", "").rpartition("Signature=")[2]
        kept = self.headers.get("x-amz-content-sha256", "")
        if not kept or not hmac.compare_digest(sent, signature(self)):
            return self.answer(403, b"<Error><Code>SignatureDoesNotMatch</Code></Error>")
        assert kept in ("UNSIGNED-PAYLOAD", hashlib.sha256(body).hexdigest())
        address = urlsplit(self.path)
        _, bucket, *rest = address.path.split("/", 2)
        asked, name = parse_qs(address.query, keep_blank_values=True), (rest or [""])[0]
        if bucket != BUCKET:
            return self.answer(404, b"<Error><Code>NoSuchBucket</Code></Error>")
        if self.command == "PUT":
            self.server.held[name] = body
            return self.answer(200, etag='"1"')
        if self.command == "POST" and "delete" in asked:
            return self.answer(200, self.server.drop(body))
        if "list-type" in asked:
            return self.answer(200, self.server.page(asked), content_type="application/xml")
        if name not in self.server.held:
            return self.answer(404, b"<Error><Code>NoSuchKey</Code></Error>")
        content = self.server.held[name]
        return self.answer(200, content, etag='"1"', last_modified="Fri, 20 Nov 2026 04:00:00 GMT")

    do_GET = do_PUT = do_POST = handle_one  # noqa: N815  # named by the standard library


class Service(ThreadingHTTPServer):
    """The service, with what its bucket holds."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.held: dict[str, bytes] = {}
        self.address = f"http://127.0.0.1:{self.server_address[1]}"

    def drop(self, body: bytes) -> bytes:
        """Forget the objects that a request names; nothing of those that are not there."""
        names = [one.text or "" for one in ElementTree.fromstring(body).iter() if _is(one, "Key")]
        for name in names:
            self.held.pop(name, None)
        told = "".join(f"<Deleted><Key>{name}</Key></Deleted>" for name in names)
        return f"<DeleteResult>{told}</DeleteResult>".encode()

    def page(self, asked: dict[str, list[str]]) -> bytes:
        """A page of the list, after the name that the one before ended with."""
        after = asked.get("continuation-token", [""])[0]
        names = sorted(name for name in self.held if name > after)
        told = "".join(
            f"<Contents><Key>{name}</Key><Size>{len(self.held[name])}</Size><ETag>1</ETag>"
            "<LastModified>2026-11-20T04:00:00.000Z</LastModified></Contents>"
            for name in names[:PAGE]
        )
        if len(names) > PAGE:
            told += f"<NextContinuationToken>{names[PAGE - 1]}</NextContinuationToken>"
        return f"<ListBucketResult>{told}</ListBucketResult>".encode()


def _is(element: ElementTree.Element, name: str) -> bool:
    return element.tag.rpartition("}")[2] == name


@contextmanager
def service() -> Iterator[Service]:
    """The service on a free port, in a thread of its own: the store's calls wait for it."""
    with Service() as made:
        thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield made
        finally:
            made.shutdown()
            thread.join()
