"""Subscriptions over a socket: graphql-transport-ws, and nothing else (api 16).

Knows the messages of the protocol, when each may come, and what one connection may cost: messages
are counted, what is followed is paid for event by event, and an event is read only when the one
before it was taken. Mount it as a
WebSocketRoute. What is asked passes the same admission as over HTTP; here only what is followed is
answered. Refuses to know who asks: the composition root tells, by token or cookie, and is asked
again as long as the connection lasts.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import msgspec
from graphql import OperationType
from starlette.requests import HTTPConnection
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from ledger.outages import is_away
from schema.context import Context
from schema.errors import Refused, Told, log_failure, refused
from timebank.origins import holder_of
from timebank.refusals import Denial
from web.admission import Account, Admission, holder
from web.asking import Ask, Unreadable, decode
from web.brake import Brake
from web.points import Points

PROTOCOL = "graphql-transport-ws"
ID_LENGTH_MAX = 128

ContextOf = Callable[[HTTPConnection, str | None], Awaitable[Context]]
"""Who asks: by the token that was sent, or without one by what the connection brought."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What connections may take. `strangers` and `own` are connections of one holder, before and
    after they said who they are; `pulse_seconds` lie between two questions whether they still may;
    `burst` messages may come at once, and then so many a second; `arrivals` connections of one
    address may come at once, and then so many a second; one that misbehaved counts as so many more.
    """

    init_seconds: float = 5.0
    send_seconds: float = 10.0
    pulse_seconds: float = 15.0
    operations: int = 20
    message_bytes: int = 64 * 1024
    burst: int = 200
    messages_per_second: int = 20
    connections: int = 1_000
    strangers: int = 20
    own: int = 10
    arrivals: int = 100
    arrivals_per_second: int = 5
    misbehaved: int = 20


class Message(msgspec.Struct, frozen=True):
    """A message of the protocol, either way."""

    type: str
    id: str | None = None
    payload: dict[str, Any] | None = None


class Ended(Exception):
    """The connection is over, with a code and a sentence; without a code they left."""

    def __init__(self, code: int | None, says: str = "") -> None:
        super().__init__(says)
        self.code, self.says = code, says


class Misbehaved(Ended):
    """The connection is over by their own doing: it counts as several."""


_messages = msgspec.json.Decoder(Message)


class Subscriptions:
    """An ASGI application for one `WebSocketRoute`."""

    def __init__(
        self,
        admission: Admission,
        *,
        context_of: ContextOf,
        bounds: Bounds | None = None,
        brake: Brake | None = None,
    ) -> None:
        self.admission, self.context_of, self.bounds = admission, context_of, bounds or Bounds()
        self._held: Counter[str] = Counter()
        self._connecting = Points(
            limit=self.bounds.arrivals, restore_per_second=self.bounds.arrivals_per_second
        )
        self._brake = brake or Brake()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one connection."""
        socket = WebSocket(scope, receive, send)
        address = holder_of(socket.client.host if socket.client else "")
        if _is_foreign(socket) or self._connecting.take(address, 1):
            await self._brake.pause(address)
            await socket.close()  # before it is accepted: the browser is told 403
            return
        stranger = f"stranger {address}"
        conversation = Conversation(self, socket)
        try:
            with self.place(stranger, self.bounds.strangers):
                await conversation.begin()
            with self.place(holder(conversation.context), self.bounds.own):
                await conversation.go_on()
        except Ended as end:
            if isinstance(end, Misbehaved):
                self._connecting.owe(address, self.bounds.misbehaved)
            await _close(socket, end)

    @contextmanager
    def place(self, whose: str, most: int) -> Any:
        """A place among the connections of a holder, and of everybody, while it is held."""
        if self._held[whose] >= most or self._held.total() >= self.bounds.connections:
            raise Ended(1013, "Too many connections")
        self._held[whose] += 1
        try:
            yield
        finally:
            self._held[whose] -= 1
            self._held += Counter()  # drops whoever holds none, so that it stays bounded


class Conversation:
    """One connection, from the handshake to its end."""

    def __init__(self, served: Subscriptions, socket: WebSocket) -> None:
        self._served, self._socket, self._bounds = served, socket, served.bounds
        self._running: dict[str, asyncio.Task[None]] = {}
        self._sending = asyncio.Lock()
        self._messages = Points(
            limit=self._bounds.burst, restore_per_second=self._bounds.messages_per_second
        )
        self._token: str | None = None
        self.context: Context

    async def begin(self) -> None:
        """Shake hands: the one protocol, then who they are, within the time there is."""
        if PROTOCOL not in self._socket.scope["subprotocols"]:
            await self._socket.accept()
            raise Misbehaved(4406, "Subprotocol not acceptable")
        await self._socket.accept(subprotocol=PROTOCOL)
        try:
            async with asyncio.timeout(self._bounds.init_seconds):
                first = await self._received()
        except TimeoutError:
            raise Misbehaved(4408, "Connection initialisation timeout") from None
        if first.type != "connection_init":
            raise Misbehaved(4401, "Unauthorized")
        self._token = _token_in(first.payload)
        self.context = await self._asker()
        if self._token is not None and not self.context.actor.known:
            raise Ended(4403, "Forbidden")
        await self._send(Message("connection_ack"))

    async def go_on(self) -> None:
        """Answer what is asked until somebody ends it."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._keep_alive())
                await self._listen(tasks)
        except BaseExceptionGroup as group:
            # Not `except*`: before Python 3.11.4 it wraps again what is raised within.
            ends, others = group.split(Ended)
            if ends is None or others is not None:
                raise
            raise _first(ends) from None

    async def _listen(self, tasks: asyncio.TaskGroup) -> None:
        while True:
            message = await self._received()
            if self._messages.take("messages", 1):
                raise Misbehaved(1013, "Too many messages")
            if message.type == "ping":
                await self._send(Message("pong"))
            elif message.type == "subscribe":
                await self._subscribe(tasks, _id_of(message), message.payload)
            elif message.type == "complete":
                if task := self._running.pop(_id_of(message), None):
                    task.cancel()
            elif message.type == "connection_init":
                raise Misbehaved(4429, "Too many initialisation requests")
            elif message.type != "pong":
                raise Misbehaved(4400, "Invalid message")

    async def _subscribe(
        self, tasks: asyncio.TaskGroup, id: str, payload: dict[str, Any] | None
    ) -> None:
        if id in self._running:
            raise Misbehaved(4409, f"Subscriber for {id} already exists")
        try:
            ask = msgspec.convert(payload, Ask)
        except msgspec.ValidationError:
            raise Misbehaved(4400, "Invalid message") from None
        if len(self._running) >= self._bounds.operations:
            says = f"A connection follows at most {self._bounds.operations} things at once."
            await self._fail(id, refused("RATE_LIMITED", says).errors)
            return
        self._running[id] = tasks.create_task(self._follow(id, ask))

    async def _follow(self, id: str, ask: Ask) -> None:
        context = self.context.afresh()
        try:
            await self._answer(id, ask, context)
            await self._send(Message("complete", id))
        except Unreadable as error:
            await self._fail(id, refused("BAD_REQUEST", error.says).errors)
        except Refused as error:
            await self._fail(id, error.errors)
        except (Ended, asyncio.CancelledError):
            raise
        except Exception as error:
            log_failure(error, context, path=None)
            says = context.translate("Something went wrong on our side.")
            told = {"code": "INTERNAL_SERVER_ERROR", "requestId": context.request_id}
            await self._fail(id, [{"message": says, "extensions": told}])
        finally:
            if self._running.get(id) is asyncio.current_task():
                del self._running[id]

    async def _answer(self, id: str, ask: Ask, context: Context) -> None:
        admission, account = self._served.admission, self._account()
        operation = admission.document(ask, context, account)
        if operation.type is not OperationType.SUBSCRIPTION:
            raise Unreadable(400, "Only subscriptions are answered here; ask the rest over HTTP.")
        cost = admission.afford(operation, ask, context, account)
        answers = admission.api.follow(operation, ask.variables or {}, context)
        async with aclosing(answers):
            async for answer in answers:
                told: dict[str, Any] = {"data": answer.data}
                if answer.errors:
                    told["errors"] = answer.errors
                told["extensions"] = {"cost": account.told()}
                await self._send(Message("next", id, told))
                account = self._account()
                account.charge(cost)

    async def _keep_alive(self) -> None:
        """Ask whether they are there, and whether they still may."""
        while True:
            await asyncio.sleep(self._bounds.pulse_seconds)
            now = await self._asker()
            if now.actor.id != self.context.actor.id:
                raise Ended(4403, "Forbidden")
            self.context = now
            await self._send(Message("ping"))

    async def _asker(self) -> Context:
        try:
            return await self._served.context_of(self._socket, self._token)
        except Denial:
            raise Ended(4403, "Forbidden") from None
        except Exception as error:
            if not is_away(error):
                raise
            raise Ended(1013, "The ledger is away") from None

    def _account(self) -> Account:
        return self._served.admission.account(self.context)

    async def _received(self) -> Message:
        told = await self._socket.receive()
        if told["type"] != "websocket.receive":
            raise Ended(None)
        text = told.get("text")
        if text is None:
            raise Misbehaved(4400, "Invalid message")
        if len(text) > self._bounds.message_bytes:
            raise Misbehaved(1009, "Message too big")
        try:
            message: Message = decode(_messages, text.encode())
        except (Unreadable, UnicodeEncodeError):
            raise Misbehaved(4400, "Invalid message") from None
        return message

    async def _fail(self, id: str, errors: Sequence[Told]) -> None:
        await self._send_text(msgspec.json.encode({"type": "error", "id": id, "payload": errors}))

    async def _send(self, message: Message) -> None:
        told = {"type": message.type, "id": message.id, "payload": message.payload}
        await self._send_text(msgspec.json.encode({k: v for k, v in told.items() if v is not None}))

    async def _send_text(self, told: bytes) -> None:
        """Send, one at a time. Whoever does not take it in time is left."""
        try:
            async with asyncio.timeout(self._bounds.send_seconds), self._sending:
                await self._socket.send_text(told.decode())
        except TimeoutError:
            raise Ended(1013, "What was sent is not taken") from None
        except (WebSocketDisconnect, RuntimeError):
            raise Ended(None) from None


def _is_foreign(socket: WebSocket) -> bool:
    """Whether a page of another origin opened it. Every browser tells; nothing else stops one."""
    origin = socket.headers.get("origin")
    try:
        return origin is not None and urlsplit(origin).netloc != socket.headers.get("host")
    except ValueError:
        return True


def _token_in(payload: dict[str, Any] | None) -> str | None:
    """The token that is sent as over HTTP, `{"authorization": "Bearer ..."}`, or None."""
    told = (payload or {}).get("authorization")
    if told is None:
        return None
    scheme, _, token = told.partition(" ") if isinstance(told, str) else ("", "", "")
    if scheme.lower() != "bearer" or not token:
        raise Ended(4403, "Forbidden")
    return str(token)


def _id_of(message: Message) -> str:
    if not message.id or len(message.id) > ID_LENGTH_MAX:
        raise Misbehaved(4400, "Invalid message")
    return message.id


def _first(ends: BaseExceptionGroup[Ended]) -> Ended:
    """Of several ends at once, one that says why."""
    told: list[Ended] = [end for end in ends.exceptions if isinstance(end, Ended)]
    return next((end for end in told if end.code is not None), told[0])


async def _close(socket: WebSocket, end: Ended) -> None:
    if end.code is not None:
        try:
            await socket.close(end.code, end.says[:120])
        except (WebSocketDisconnect, RuntimeError):
            return
