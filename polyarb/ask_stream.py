"""Questions and answers over one open stream."""

import asyncio
from collections.abc import Callable
from typing import Final, Generic, TypeVar

import grpc
from grpc import aio

from polyarb.chassis.outage import Outage
from polyarb.chassis.status import explain
from polyarb.core.errors import NotSent, OutcomeUnknown

Request = TypeVar("Request")
Response = TypeVar("Response")

_RECONNECT_S: Final = 0.2
_RECONNECT_S_MAX: Final = 2.0
_CONNECT_S: Final = 0.5


class AskStream(Generic[Request, Response]):
    """Questions and answers over one open stream; answers are matched to questions by a key.

    `run` owns the stream and its one writer. When the stream breaks, every question under way ends
    in OutcomeUnknown: ask again with the same key, one question a key at a time.
    """

    def __init__(
        self,
        name: str,
        call: Callable[[], aio.StreamStreamCall[Request, Response]],
        key_of: Callable[[Response], str],
        *,
        channel: aio.Channel,
    ) -> None:
        self._channel = channel
        self._name = name
        self._call = call
        self._key_of = key_of
        self._outbox: asyncio.Queue[Request] = asyncio.Queue(maxsize=64)
        self._waiting: dict[str, asyncio.Future[Response]] = {}
        self._outage = Outage(name)
        self.connected = False

    async def ask(self, key: str, request: Request, deadline_s: float) -> Response:
        """Return the answer. Raises NotSent when it never left, OutcomeUnknown when it may have."""
        if not self.connected:
            raise NotSent(f"{self._name}: not connected")
        assert key not in self._waiting, key
        answer: asyncio.Future[Response] = asyncio.get_running_loop().create_future()
        self._waiting[key] = answer
        try:
            self._outbox.put_nowait(request)
            async with asyncio.timeout(deadline_s):
                return await answer
        except asyncio.QueueFull as e:
            raise NotSent(f"{self._name}: too many questions are waiting") from e
        except TimeoutError as e:
            raise OutcomeUnknown(f"{self._name}: no answer within {deadline_s} s") from e
        finally:
            del self._waiting[key]

    async def run(self) -> None:
        """Keep the stream open for ever."""
        delay = _RECONNECT_S
        while True:
            why = "the other side ended the stream"
            try:
                await self._converse()
            except* TimeoutError:
                why = "UNAVAILABLE: not reachable"
            except* (grpc.RpcError, asyncio.InvalidStateError) as e:
                why = _reason(e)
            delay = _RECONNECT_S if self.connected else min(delay * 2, _RECONNECT_S_MAX)
            self._break(why)
            self._outage.lost(why)
            await asyncio.sleep(delay)

    async def _converse(self) -> None:
        # A call that is opened while nobody listens leaves tasks of its own behind.
        async with asyncio.timeout(_CONNECT_S):
            await self._channel.channel_ready()
        call = self._call()
        await call.wait_for_connection()
        self.connected = True
        self._outage.back()
        async with asyncio.TaskGroup() as group:
            writer = group.create_task(self._write(call))
            try:
                async for response in call:
                    waiting = self._waiting.get(self._key_of(response))
                    if waiting is not None and not waiting.done():
                        waiting.set_result(response)
            finally:
                writer.cancel()
                call.cancel()

    async def _write(self, call: aio.StreamStreamCall[Request, Response]) -> None:
        while True:
            await call.write(await self._outbox.get())

    def _break(self, why: str) -> None:
        self.connected = False
        while not self._outbox.empty():
            self._outbox.get_nowait()
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(OutcomeUnknown(f"{self._name}: {why}"))


def _reason(group: BaseExceptionGroup[BaseException]) -> str:
    """Return why a stream broke as one line: what the call says, else the first error."""
    errors = list[BaseException](group.exceptions)
    for error in errors:
        if isinstance(error, BaseExceptionGroup):
            errors.extend(error.exceptions)
    calls = [explain(e) for e in errors if isinstance(e, grpc.RpcError)]
    return calls[0] if calls else str(errors[0])
