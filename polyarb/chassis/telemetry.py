"""Metrics for Prometheus and traces for OpenTelemetry."""

from collections.abc import Sequence

import grpc
from grpc import aio
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.grpc import aio_client_interceptors, aio_server_interceptor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from prometheus_client import Histogram, start_http_server

LATENCY_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)

RPC_SECONDS = Histogram(
    "polyarb_rpc_seconds",
    "Duration of served calls by method and status.",
    ("service", "method", "code"),
    buckets=LATENCY_BUCKETS,
)


def start_metrics(*, host: str, port: int) -> int:
    """Serve /metrics; returns the port, which differs from `port` when that is 0."""
    server, _ = start_http_server(port, addr=host)
    return int(server.server_port)


def start_traces(*, service: str, endpoint: str) -> TracerProvider:
    """Record spans, and send them to an OTLP collector if there is an endpoint.

    Without one, trace context is still passed on: a collector added later sees whole traces.
    """
    provider = TracerProvider(resource=Resource.create({"service.name": f"polyarb-{service}"}))
    if endpoint:
        exporter = OTLPSpanExporter(endpoint=endpoint, insecure=endpoint.startswith("http://"))
        provider.add_span_processor(BatchSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    return provider


def server_interceptors() -> Sequence[aio.ServerInterceptor]:
    """Return interceptors that continue the caller's trace in our own services.

    Health checks are left alone: watching them fails behind the tracing interceptor, which takes
    every streaming method for a generator. So are our streams without end: their span would never
    end either, and when the caller dies it is closed in a foreign context, with a traceback.
    """
    return [aio_server_interceptor(filter_=_is_traced)]  # type: ignore[no-untyped-call]


def _is_traced(call: grpc.HandlerCallDetails) -> bool:
    service, _, method = call.method.rpartition("/")
    endless = method.startswith("Watch") or method in ("Execute", "Reserve")
    return service.startswith("/polyarb.") and not endless


def client_interceptors() -> Sequence[aio.ClientInterceptor]:
    """Return interceptors that pass the trace on."""
    return list(aio_client_interceptors())  # type: ignore[no-untyped-call]
