"""A gRPC server with health, reflection, metrics, traces and honest error codes."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final

import grpc
from google.protobuf import descriptor_pool
from grpc import aio
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection
from loguru import logger

from polyarb.chassis import status, telemetry
from polyarb.core.errors import BadInput

MESSAGE_BYTES_MAX: Final = 1 << 20
"""1 MiB: the largest opportunity. Everything else is far smaller."""

_OPTIONS: Final = (
    ("grpc.max_receive_message_length", MESSAGE_BYTES_MAX),
    ("grpc.so_reuseport", 0),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.min_recv_ping_interval_without_data_ms", 5_000),
    ("grpc.http2.max_ping_strikes", 0),
)

Register = Callable[[aio.Server], None]

if TYPE_CHECKING:
    # A generic in the stubs only: grpc's own class cannot be subscripted.
    Handler = grpc.RpcMethodHandler[Any, Any]


class GrpcServer:
    """One service on one port. `service` is the full proto name, `polyarb.v1.ScannerService`."""

    def __init__(self, *, service: str, register: Register) -> None:
        self._service = service
        self._health = health.aio.HealthServicer()
        self._server = aio.server(
            interceptors=[*telemetry.server_interceptors(), _Observer(service.rpartition(".")[2])],
            options=_OPTIONS,
        )
        register(self._server)
        _name_series(service)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        names = (service, health.SERVICE_NAME, reflection.SERVICE_NAME)
        reflection.enable_server_reflection(names, self._server)

    async def start(self, *, host: str, port: int) -> int:
        """Listen; returns the port. Raises OSError when it is taken."""
        try:
            bound = self._server.add_insecure_port(f"{host}:{port}")
        except RuntimeError as e:
            raise OSError(f"cannot listen on {host}:{port}: is it in use?") from e
        await self._server.start()
        await self._health.set("", health_pb2.HealthCheckResponse.SERVING)
        await self.set_ready(ready=False)
        return bound

    async def set_ready(self, *, ready: bool) -> None:
        """Say whether the service's dependencies answer. Liveness is not affected."""
        state = health_pb2.HealthCheckResponse
        await self._health.set(self._service, state.SERVING if ready else state.NOT_SERVING)

    async def stop(self, grace_s: float) -> None:
        """Refuse new calls, give those under way `grace_s`, then end them."""
        await self._health.enter_graceful_shutdown()
        await self._server.stop(grace_s)


def _name_series(service: str) -> None:
    """Let every method have a series from the start: what never happened is 0, not absent."""
    methods = descriptor_pool.Default().FindServiceByName(service).methods
    for method in methods:
        telemetry.RPC_SECONDS.labels(service.rpartition(".")[2], method.name, "OK")


class _Observer(aio.ServerInterceptor):
    """Times every call and turns core errors into codes; anything else is logged and INTERNAL."""

    def __init__(self, service: str) -> None:
        self._service = service

    async def intercept_service(
        self,
        continuation: "Callable[[grpc.HandlerCallDetails], Awaitable[Handler | None]]",
        handler_call_details: grpc.HandlerCallDetails,
    ) -> "Handler | None":
        """Wrap the method's handler."""
        found = await continuation(handler_call_details)
        method = handler_call_details.method
        if found is None or not method.startswith("/polyarb."):
            return found
        handler: Any = found
        name = method.rpartition("/")[2]
        make = {
            (False, False): grpc.unary_unary_rpc_method_handler,
            (False, True): grpc.unary_stream_rpc_method_handler,
            (True, False): grpc.stream_unary_rpc_method_handler,
            (True, True): grpc.stream_stream_rpc_method_handler,
        }[(handler.request_streaming, handler.response_streaming)]
        behaviour = (
            handler.unary_unary
            or handler.unary_stream
            or handler.stream_unary
            or handler.stream_stream
        )
        wrap = self._streaming if handler.response_streaming else self._unary
        return make(
            wrap(name, behaviour),
            request_deserializer=handler.request_deserializer,
            response_serializer=handler.response_serializer,
        )

    def _unary(self, name: str, behaviour: Any) -> Any:
        async def call(request: Any, context: aio.ServicerContext[Any, Any]) -> Any:
            started = time.perf_counter()
            try:
                return await behaviour(request, context)
            except BadInput as e:
                await status.abort_bad_input(context, e)
            except (aio.AbortError, grpc.RpcError):
                raise
            except Exception:
                logger.exception("call failed method={}", name)
                raise
            finally:
                self._observe(name, context, started)

        return call

    def _streaming(self, name: str, behaviour: Any) -> Any:
        async def call(request: Any, context: aio.ServicerContext[Any, Any]) -> AsyncIterator[Any]:
            started = time.perf_counter()
            try:
                async for response in behaviour(request, context):
                    yield response
            except BadInput as e:
                await status.abort_bad_input(context, e)
            except (aio.AbortError, grpc.RpcError):
                raise
            except Exception:
                logger.exception("stream failed method={}", name)
                raise
            finally:
                self._observe(name, context, started)

        return call

    def _observe(self, name: str, context: aio.ServicerContext[Any, Any], started: float) -> None:
        code = context.code()
        text = grpc.StatusCode.OK.name if not code else getattr(code, "name", str(code))
        telemetry.RPC_SECONDS.labels(self._service, name, text).observe(
            time.perf_counter() - started
        )
