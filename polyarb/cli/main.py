"""The command's face: options, exit codes, and nothing else."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Coroutine
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, NoReturn, TypeVar

import grpc
import typer

from polyarb.chassis import ambient, config, status
from polyarb.cli import VERSION, postgres, preflight, propose, report, scan
from polyarb.cli.crew import StartFailed
from polyarb.cli.doctor.command import doctor
from polyarb.cli.durations import parse_seconds
from polyarb.cli.explain import answer
from polyarb.cli.explain.event import NotWatched
from polyarb.cli.links import until
from polyarb.cli.opportunities import draw_decisions
from polyarb.cli.process import Child
from polyarb.cli.run import EXIT_INTERRUPTED, Outcome, Run, World
from polyarb.cli.settings import ClientSettings, RunSettings
from polyarb.cli.terminal import Terminal, new_console
from polyarb.clients import LedgerClient, RiskClient, ScannerClient, open_channel
from polyarb.core.errors import BadInput, ConfigError

T = TypeVar("T")

app = typer.Typer(
    help="Arbitrage on Polymarket: proved, sized, executed and accounted.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


class Venue(Enum):
    """Where to trade."""

    simulated = "simulated"
    polymarket = "polymarket"


class Mode(Enum):
    """Whether real money moves."""

    paper = "paper"
    live = "live"


class PortChoice(Enum):
    """Which ports the services of a run listen on."""

    fixed = "fixed"
    auto = "auto"


def _duration(text: str) -> float:
    try:
        return parse_seconds(text)
    except ValueError as e:
        raise typer.BadParameter(str(e)) from e


def _show_version(wanted: bool) -> None:  # noqa: FBT001 - typer's callbacks are like this
    if wanted:
        typer.echo(f"polyarb {VERSION}")
        raise typer.Exit


@app.callback()
def _options(
    *,
    shown: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show it.")
    ] = False,
) -> None:
    del shown


@app.command()
def run(
    *,
    once: Annotated[bool, typer.Option("--once", help="One scan cycle, then end.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Decide everything, execute nothing.")
    ] = False,
    for_s: Annotated[
        float | None,
        typer.Option("--for", parser=_duration, metavar="90s|5m|1h", help="End after this time."),
    ] = None,
    venue: Annotated[Venue | None, typer.Option(help="Where to trade.")] = None,
    mode: Annotated[Mode | None, typer.Option(help="Whether real money moves.")] = None,
    seed: Annotated[int, typer.Option(help="Of the simulated venue's background traders.")] = 7,
    ports: Annotated[PortChoice, typer.Option(help="auto: whichever are free.")] = PortChoice.fixed,
    data_folder: Annotated[
        str | None, typer.Option(help="Where the embedded Postgres lives. Default: ./data.")
    ] = None,
    log_folder: Annotated[
        str | None, typer.Option(help="Log files; none for no files. Default: ./logs.")
    ] = None,
) -> None:
    """Run the whole system: all four services, Postgres and the simulated venue."""
    options = preflight.Options(
        venue=venue.value if venue else None,
        mode=mode.value if mode else None,
        dry_run=dry_run,
        once=once,
        for_s=for_s,
        seed=seed,
        data_folder=data_folder,
        log_folder=log_folder,
        any_ports=ports is PortChoice.auto,
    )
    terminal = Terminal()
    outcome = _asyncio_run(_run(options, terminal))
    if outcome.totals is not None:
        if dry_run:
            draw_decisions(terminal.console, outcome.decisions)
        outcome.totals.draw(terminal.console)
    raise typer.Exit(outcome.code)


async def _run(options: preflight.Options, terminal: Terminal) -> Outcome:
    base = {**os.environ, "PYTHONUNBUFFERED": "1"}
    setup = await preflight.prepare(options, base)
    world = World(
        now_ns=ambient.now_ns,
        utc_now=ambient.utc_now,
        new_id=ambient.new_id,
        new_password=ambient.new_password,
    )
    settings = setup.settings
    with terminal.logging(level=settings.log_level, folder=settings.log_folder):
        return await Run(setup, terminal, world).execute()


@app.command(name="scan")
def scan_(
    *,
    event: Annotated[str, typer.Option(help="Only this event's id.")] = "",
    file: Annotated[
        Path | None, typer.Option("--replay", help="Scan a recording instead of a live scanner.")
    ] = None,
    events: Annotated[
        Path | None, typer.Option(help="With --replay: the events that were recorded.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    address: Annotated[
        str | None, typer.Option(help="The scanner. Default: 127.0.0.1:50051.")
    ] = None,
) -> None:
    """Scan once and show what is found."""
    console = new_console()
    if file is not None:
        found = scan.replay(file, events)
    else:
        found = scan.live(address or _clients().scanner_address, event)
    try:
        _asyncio_run(scan.show(found, console, as_json=as_json))
    except scan.ScanFailed as e:
        _fail(str(e), e.code)


@app.command(name="propose")
def propose_(
    *,
    out: Annotated[
        Path | None, typer.Option(help="Write them to this file, ready to be reviewed.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file.")] = False,
    address: Annotated[
        str | None, typer.Option(help="The scanner. Default: 127.0.0.1:50051.")
    ] = None,
) -> None:
    """Propose relations between listed markets; a person must review them."""
    if out is not None and out.exists() and not force:
        _fail(f"{out} exists; --force replaces it", 1)
    found = _ask(
        "scanner",
        address or _clients().scanner_address,
        lambda channel: ScannerClient(channel).proposals(),
    )
    propose.draw(new_console(), found)
    if out is not None:
        try:
            propose.write(out, propose.as_yaml(found), force=force)
        except OSError as e:
            _fail(f"{out} cannot be written: {e.strerror}", 1)
        typer.echo(f"wrote {len(found)} proposed relations to {out}")


@app.command(name="report")
def report_(
    *,
    since: Annotated[
        str | None, typer.Option(help="A UTC date or time, or a duration such as 24h.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    address: Annotated[
        str | None, typer.Option(help="The ledger. Default: 127.0.0.1:50054.")
    ] = None,
) -> None:
    """Show performance and the last trades, from the ledger."""
    try:
        start = report.parse_since(since, ambient.utc_now()) if since else None
    except ValueError as e:
        raise typer.BadParameter(str(e), param_hint="--since") from e
    found = _ask(
        "ledger",
        address or _clients().ledger_address,
        lambda channel: report.read(LedgerClient(channel), start),
    )
    if as_json:
        typer.echo(report.as_json(*found))
    else:
        report.draw(new_console(), *found)


@app.command(name="explain")
def explain_(
    name: Annotated[
        str, typer.Argument(metavar="ID", help="A decision, intent, opportunity or order (0x...).")
    ] = "",
    *,
    event: Annotated[
        str, typer.Option(help="Instead: what the scanner sees now, by the event's id or slug.")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    address: Annotated[
        str | None, typer.Option(help="The ledger, or with --event the scanner.")
    ] = None,
) -> None:
    """Show why something was approved or refused, what it is worth and what became of it."""
    if bool(name) == bool(event):
        raise typer.BadParameter("give either an ID or --event")
    try:
        if event:
            place = address or _clients().scanner_address
            found = _ask("scanner", place, lambda channel: answer.about_event(channel, event))
        else:
            place = address or _clients().ledger_address
            found = _ask("ledger", place, lambda channel: answer.about_id(channel, name.strip()))
        typer.echo(found.as_json()) if as_json else found.draw(new_console())
    except (BadInput, NotWatched) as e:
        _fail(str(e), 1)


app.command()(doctor)


@app.command()
def halt(
    reason: Annotated[str, typer.Argument(help="Who and why; kept in the ledger.")],
    *,
    address: Annotated[str | None, typer.Option(help="Risk. Default: 127.0.0.1:50052.")] = None,
) -> None:
    """Stop new baskets at once. Remedies of open baskets go on."""
    _ask(
        "risk",
        address or _clients().risk_address,
        lambda channel: RiskClient(channel).halt(request_id=ambient.new_id(), reason=reason),
    )
    typer.echo(f"halted: {reason}")


@app.command()
def resume(
    acknowledged_reason: Annotated[str, typer.Argument(help="The halt's reason, word for word.")],
    *,
    address: Annotated[str | None, typer.Option(help="Risk. Default: 127.0.0.1:50052.")] = None,
) -> None:
    """End a halt whose reason you have read."""
    _ask(
        "risk",
        address or _clients().risk_address,
        lambda channel: RiskClient(channel).resume(
            request_id=ambient.new_id(), acknowledged_reason=acknowledged_reason
        ),
    )
    typer.echo("resumed")


@app.command(name="postgres")
def postgres_(
    *,
    port: Annotated[int, typer.Option(help="On 127.0.0.1; 0 for any.")] = 55432,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="A new, empty database: for a new simulated venue.")
    ] = False,
    data_folder: Annotated[
        str | None, typer.Option(help="Where it lives. Default: ./data.")
    ] = None,
) -> None:
    """Run the embedded Postgres alone and print its DATABASE_URL."""
    folder = Path(data_folder or _load(RunSettings).data_folder)
    cluster = _or_fail(
        lambda: postgres.prepare(
            folder, port=port or postgres.free_port(), new_password=ambient.new_password
        )
    )
    _asyncio_run(_serve_postgres(cluster, fresh=fresh))


async def _serve_postgres(cluster: postgres.EmbeddedPostgres, *, fresh: bool) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    child = Child(cluster.launch(), take_line=lambda _, line: typer.echo(line))
    await child.start()
    try:
        if not await until(cluster.is_up, 30.0):
            raise StartFailed(f"Postgres does not start:\n{cluster.last_words()}")
        now = ambient.utc_now()
        url = await (cluster.fresh_database(now) if fresh else cluster.database(postgres.LASTING))
        typer.echo(f"DATABASE_URL={url}")
        await until(lambda: _over(child, stop), float("inf"))
    finally:
        await child.stop()


async def _over(child: Child, stop: asyncio.Event) -> bool:
    return stop.is_set() or not child.running


def _ask(
    service: str, address: str, call: Callable[[grpc.aio.Channel], Coroutine[Any, Any, T]]
) -> T:
    """Return what a running service answers, or end with 1 and the reason."""

    async def ask() -> T:
        channel = open_channel(address)
        try:
            return await call(channel)
        finally:
            await channel.close()

    try:
        return _asyncio_run(ask())
    except grpc.RpcError as e:
        hint = ""
        if isinstance(e, grpc.aio.AioRpcError) and e.code() is grpc.StatusCode.UNAVAILABLE:
            hint = "\nStart everything with `polyarb run`, or name another address with --address."
        _fail(f"{service} at {address}: {status.explain(e)}{hint}", 1)


def _asyncio_run(coroutine: Coroutine[Any, Any, T]) -> T:
    try:
        return asyncio.run(coroutine)
    except ConfigError as e:
        _fail(str(e), 2)
    except StartFailed as e:
        _fail(str(e), e.code)
    except (asyncio.CancelledError, KeyboardInterrupt):
        _fail("interrupted: everything was ended at once", EXIT_INTERRUPTED)


def _or_fail(make: Callable[[], T]) -> T:
    try:
        return make()
    except StartFailed as e:
        _fail(str(e), e.code)


def _clients() -> ClientSettings:
    return _load(ClientSettings)


def _load(kind: type[config.S]) -> config.S:
    try:
        return config.load(kind)
    except ConfigError as e:
        _fail(str(e), 2)


def _fail(message: str, code: int) -> NoReturn:
    sys.stderr.write(f"{message}\n")
    raise typer.Exit(code)


def main() -> None:
    """Run the command that the arguments name."""
    app(prog_name="polyarb")
