"""Errors on the wire: a canonical code, a machine-readable reason, and the fields at fault."""

from typing import Any, Final, NoReturn

import grpc
from google.protobuf import any_pb2
from google.rpc import code_pb2, error_details_pb2, status_pb2  # type: ignore[import-untyped]
from grpc import aio
from grpc_status import rpc_status

from polyarb.core.errors import BadInput

DOMAIN: Final = "polyarb"

Context = aio.ServicerContext[Any, Any]


async def abort_bad_input(context: Context, error: BadInput) -> NoReturn:
    """End the call with INVALID_ARGUMENT, naming the field and what it accepts."""
    detail = error_details_pb2.BadRequest()
    detail.field_violations.add(field=error.field, description=error.reason)
    await _abort(context, code_pb2.INVALID_ARGUMENT, "BAD_INPUT", str(error), detail)
    raise AssertionError("abort returned")


async def abort_not_found(context: Context, what: str) -> NoReturn:
    """End the call with NOT_FOUND."""
    await _abort(context, code_pb2.NOT_FOUND, "NOT_FOUND", what)
    raise AssertionError("abort returned")


async def abort_already_exists(context: Context, what: str) -> NoReturn:
    """End the call with ALREADY_EXISTS: the same id came before with another content."""
    await _abort(context, code_pb2.ALREADY_EXISTS, "ALREADY_EXISTS", what)
    raise AssertionError("abort returned")


async def abort_precondition(context: Context, *, reason: str, message: str) -> NoReturn:
    """End the call with FAILED_PRECONDITION: do not retry until the state changes."""
    await _abort(context, code_pb2.FAILED_PRECONDITION, reason, message)
    raise AssertionError("abort returned")


async def abort_unavailable(context: Context, *, reason: str, message: str) -> NoReturn:
    """End the call with UNAVAILABLE: repeat it with the same request_id."""
    await _abort(context, code_pb2.UNAVAILABLE, reason, message)
    raise AssertionError("abort returned")


async def abort_exhausted(context: Context, *, reason: str, message: str) -> NoReturn:
    """End the call with RESOURCE_EXHAUSTED: back off, then start again."""
    await _abort(context, code_pb2.RESOURCE_EXHAUSTED, reason, message)
    raise AssertionError("abort returned")


async def _abort(
    context: Context,
    code: int,
    reason: str,
    message: str,
    *details: error_details_pb2.BadRequest,
) -> None:
    status = status_pb2.Status(code=code, message=message)
    info = error_details_pb2.ErrorInfo(reason=reason, domain=DOMAIN)
    for detail in (info, *details):
        packed = any_pb2.Any()
        packed.Pack(detail)
        status.details.append(packed)
    await context.abort_with_status(rpc_status.to_status(status))


def explain(error: grpc.RpcError) -> str:
    """Return an error of a call as one line for people."""
    if isinstance(error, aio.AioRpcError):
        return f"{error.code().name}: {error.details() or 'no details'}"
    return str(error)
