"""A real gRPC server on a free port: health, reflection, honest codes."""

import logging
from collections.abc import AsyncIterator
from typing import Any, cast

import grpc
import pytest
from google.rpc import error_details_pb2  # type: ignore[import-untyped]
from grpc import aio
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from grpc_status import rpc_status
from loguru import logger
from prometheus_client import REGISTRY

from polyarb.chassis import status
from polyarb.chassis.server import MESSAGE_BYTES_MAX, GrpcServer
from polyarb.core.errors import BadInput
from polyarb.v1 import scanner_service_pb2 as pb
from polyarb.v1 import scanner_service_pb2_grpc as pb_grpc

SERVICE = "polyarb.v1.ScannerService"
UNKNOWN, SERVING, NOT_SERVING, SERVICE_UNKNOWN = range(4)


class Scripted(pb_grpc.ScannerServiceServicer):
    """Answers by what it is asked: "bad", "broken", "gone", "taken", "later", "busy" or fine."""

    async def GetOrderBook(self, request: Any, context: Any) -> Any:
        match request.condition_id:
            case "bad":
                raise BadInput("condition_id", "must be 0x and 64 hex digits")
            case "broken":
                raise ZeroDivisionError("a bug")
            case "gone":
                await status.abort_not_found(context, "no such market")
            case "taken":
                await status.abort_already_exists(context, "another content")
            case "halted":
                await status.abort_precondition(context, reason="HALTED", message="halted")
            case "later":
                await status.abort_unavailable(context, reason="NOT_READY", message="not yet")
            case "busy":
                await status.abort_exhausted(context, reason="TOO_SLOW", message="too slow")
        return pb.GetOrderBookResponse()

    async def Scan(self, request: Any, context: Any) -> AsyncIterator[Any]:  # noqa: ARG002
        yield pb.ScanResponse()
        if request.event_id == "bad":
            raise BadInput("event_id", "no such event")
        if request.event_id == "broken":
            raise ZeroDivisionError("a bug")


@pytest.fixture
async def server() -> AsyncIterator[tuple[GrpcServer, int]]:
    """A running server and its port."""

    def register(made: aio.Server) -> None:
        pb_grpc.add_ScannerServiceServicer_to_server(Scripted(), made)  # type: ignore[no-untyped-call]

    made = GrpcServer(service=SERVICE, register=register)
    port = await made.start(host="127.0.0.1", port=0)
    yield made, port
    await made.stop(0)


@pytest.fixture
async def channel(server: tuple[GrpcServer, int]) -> AsyncIterator[aio.Channel]:
    """A channel to it."""
    async with aio.insecure_channel(f"127.0.0.1:{server[1]}") as opened:
        yield opened


@pytest.fixture
def stub(channel: aio.Channel) -> Any:
    """A stub of the service."""
    return pb_grpc.ScannerServiceStub(channel)  # type: ignore[no-untyped-call]


def health(channel: Any) -> Any:
    return health_pb2_grpc.HealthStub(channel)


async def check(channel: aio.Channel, service: str) -> int:
    request = health_pb2.HealthCheckRequest(service=service)
    response = await health(channel).Check(request, timeout=5)
    return int(response.status)


async def failure(call: Any) -> aio.AioRpcError:
    with pytest.raises(aio.AioRpcError) as caught:
        await call
    return caught.value


def book(condition_id: str) -> pb.GetOrderBookRequest:
    return pb.GetOrderBookRequest(condition_id=condition_id)


def details(error: aio.AioRpcError) -> tuple[Any, Any]:
    """Return what machines read: the reason and the fields at fault."""
    found = rpc_status.from_call(cast("Any", error))
    assert found is not None
    info, request = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
    for detail in found.details:
        detail.Unpack(info) or detail.Unpack(request)
    return info, request


async def test_process_is_alive_before_the_service_is_ready(channel: aio.Channel) -> None:
    """Liveness asks "", readiness the service's own name."""
    assert await check(channel, "") == SERVING
    assert await check(channel, SERVICE) == NOT_SERVING


async def test_readiness_follows_what_the_service_says(
    server: tuple[GrpcServer, int], channel: aio.Channel
) -> None:
    """Liveness is not affected."""
    await server[0].set_ready(ready=True)
    assert await check(channel, SERVICE) == SERVING
    await server[0].set_ready(ready=False)

    assert await check(channel, SERVICE) == NOT_SERVING
    assert await check(channel, "") == SERVING


async def test_unknown_service_has_no_health(channel: aio.Channel) -> None:
    """A probe with a typo fails."""
    error = await failure(
        health(channel).Check(health_pb2.HealthCheckRequest(service="x"), timeout=5)
    )

    assert error.code() is grpc.StatusCode.NOT_FOUND


async def test_stopping_server_says_so_to_who_watches_its_health(
    server: tuple[GrpcServer, int], channel: aio.Channel
) -> None:
    """Load balancers look elsewhere before calls fail."""
    await server[0].set_ready(ready=True)
    watched = health(channel).Watch(health_pb2.HealthCheckRequest(service=SERVICE), timeout=5)
    seen = [(await watched.read()).status]

    await server[0].stop(1.0)
    seen.append((await watched.read()).status)

    assert seen == [SERVING, NOT_SERVING]


async def test_reflection_lists_the_service(channel: Any) -> None:
    """Generic clients need no proto file."""
    stub: Any = reflection_pb2_grpc.ServerReflectionStub(channel)
    call = stub.ServerReflectionInfo()
    request: Any = reflection_pb2
    await call.write(request.ServerReflectionRequest(list_services=""))
    answer = await call.read()
    call.cancel()

    names = {service.name for service in answer.list_services_response.service}
    assert {SERVICE, "grpc.health.v1.Health"} <= names


async def test_bad_input_is_an_invalid_argument_with_its_field(stub: Any) -> None:
    """For people in the message, for machines in the details."""
    error = await failure(stub.GetOrderBook(book("bad"), timeout=5))

    info, request = details(error)
    (violation,) = request.field_violations
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert error.details() == "condition_id: must be 0x and 64 hex digits"
    assert (info.reason, info.domain) == ("BAD_INPUT", "polyarb")
    assert (violation.field, violation.description) == (
        "condition_id",
        "must be 0x and 64 hex digits",
    )


async def test_bad_input_in_a_stream_comes_after_what_was_sent(stub: Any) -> None:
    """What came before it counts."""
    call = stub.Scan(pb.ScanRequest(event_id="bad"), timeout=5)
    await call.read()

    error = await failure(call.read())

    _, request = details(error)
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert [v.field for v in request.field_violations] == ["event_id"]


@pytest.mark.parametrize(
    ("asked", "code", "reason"),
    [
        ("gone", grpc.StatusCode.NOT_FOUND, "NOT_FOUND"),
        ("taken", grpc.StatusCode.ALREADY_EXISTS, "ALREADY_EXISTS"),
        ("halted", grpc.StatusCode.FAILED_PRECONDITION, "HALTED"),
        ("later", grpc.StatusCode.UNAVAILABLE, "NOT_READY"),
        ("busy", grpc.StatusCode.RESOURCE_EXHAUSTED, "TOO_SLOW"),
    ],
)
async def test_each_refusal_has_its_code_and_reason(
    stub: Any, asked: str, code: grpc.StatusCode, reason: str
) -> None:
    """The code says whether to retry, the reason why it was refused."""
    error = await failure(stub.GetOrderBook(book(asked), timeout=5))

    assert error.code() is code
    assert details(error)[0].reason == reason
    assert status.explain(error).startswith(f"{code.name}: ")


@pytest.mark.parametrize("streaming", [True, False])
async def test_bug_is_logged_and_not_hidden(
    stub: Any, caplog: pytest.LogCaptureFixture, *, streaming: bool
) -> None:
    """The caller gets no success; the trace is in our log."""
    caplog.set_level(logging.CRITICAL, logger="grpc._cython.cygrpc")
    said: list[str] = []
    sink = logger.add(said.append, format="{message}")
    call = (
        stub.Scan(pb.ScanRequest(event_id="broken"), timeout=5)
        if streaming
        else stub.GetOrderBook(book("broken"), timeout=5)
    )

    with pytest.raises(aio.AioRpcError) as caught:
        _ = [r async for r in call] if streaming else await call

    logger.remove(sink)
    assert caught.value.code() is grpc.StatusCode.UNKNOWN
    assert any("failed method=" in line and "ZeroDivisionError" in line for line in said)


async def test_call_is_timed_by_method_and_code(stub: Any) -> None:
    """Success and failure are different series."""

    def count(code: str) -> float:
        labels = {"service": "ScannerService", "method": "GetOrderBook", "code": code}
        return REGISTRY.get_sample_value("polyarb_rpc_seconds_count", labels) or 0.0

    before = count("OK"), count("INVALID_ARGUMENT")

    await stub.GetOrderBook(book("fine"), timeout=5)
    await failure(stub.GetOrderBook(book("bad"), timeout=5))

    assert (count("OK"), count("INVALID_ARGUMENT")) == (before[0] + 1, before[1] + 1)


async def test_message_that_is_too_large_is_refused(stub: Any) -> None:
    """Nothing of ours is larger than 1 MiB."""
    error = await failure(stub.GetOrderBook(book("x" * (MESSAGE_BYTES_MAX + 1)), timeout=5))

    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


async def test_taken_port_is_an_os_error(server: tuple[GrpcServer, int]) -> None:
    """Two processes never share one."""
    other = GrpcServer(service=SERVICE, register=lambda _: None)

    with pytest.raises(OSError, match="is it in use"):
        await other.start(host="127.0.0.1", port=server[1])
