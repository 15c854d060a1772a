"""`polyarb scan`: one sweep of a running scanner, or of a recording."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import grpc
from google.protobuf.json_format import Parse, ParseError
from rich.console import Console

from polyarb.chassis.status import explain
from polyarb.cli.opportunities import draw_scan, json_line
from polyarb.clients import ScannerClient, open_channel
from polyarb.core.errors import PolyarbError
from polyarb.v1.scanner_service_pb2 import ScanResponse

_LINE_BYTES_MAX = 4 << 20
_SHOWN_MAX = 10_000


class ScanFailed(PolyarbError):
    """The scan did not come to its end."""

    def __init__(self, message: str, *, code: int = 1) -> None:
        super().__init__(message)
        self.code = code


async def live(address: str, event_id: str) -> AsyncIterator[ScanResponse]:
    """Yield the findings of one sweep. Raises ScanFailed."""
    channel = open_channel(address)
    try:
        async for response in ScannerClient(channel).scan(event_id):
            yield response
    except grpc.RpcError as e:
        raise ScanFailed(_why(address, e)) from e
    finally:
        await channel.close()


def _why(address: str, error: grpc.RpcError) -> str:
    code = error.code() if callable(getattr(error, "code", None)) else None
    if code is grpc.StatusCode.UNAVAILABLE and "NOT_READY" not in str(error):
        return (
            f"no scanner answers at {address} ({explain(error)}).\n"
            "Start one with `polyarb run`, or name another with --address."
        )
    return f"the scanner at {address} says {explain(error)}"


async def replay(file: Path, events: Path | None) -> AsyncIterator[ScanResponse]:
    """Yield what a recording holds, found by the scanner's own code. Raises ScanFailed."""
    command = [sys.executable, "-m", "services.scanner.replay", str(file)]
    if events is not None:
        command += ["--events", str(events)]
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, limit=_LINE_BYTES_MAX
    )
    assert process.stdout is not None
    try:
        async for line in process.stdout:
            yield Parse(line, ScanResponse())
    except (ParseError, ValueError) as e:
        raise ScanFailed(f"the replay printed something unexpected: {e}") from e
    finally:
        if process.returncode is None and not process.stdout.at_eof():
            process.terminate()
        code = await process.wait()
    if code:
        raise ScanFailed(f"the replay of {file} failed", code=code)


async def show(responses: AsyncIterator[ScanResponse], console: Console, *, as_json: bool) -> None:
    """Show findings: JSON line by line as they come, or tables at the end."""
    kept: list[ScanResponse] = []
    tell: Callable[[ScanResponse], None] = kept.append
    if as_json:
        tell = _print_json
    async for response in responses:
        if len(kept) < _SHOWN_MAX or response.WhichOneof("item") == "summary":
            tell(response)
    if not as_json:
        draw_scan(console, kept)


def _print_json(response: ScanResponse) -> None:
    sys.stdout.write(json_line(response) + "\n")
    sys.stdout.flush()
