"""The command `polyarb doctor`."""

import asyncio
import os
from typing import Annotated

import typer

from polyarb.chassis import ambient
from polyarb.cli.doctor import page
from polyarb.cli.doctor.finding import exit_code
from polyarb.cli.terminal import new_console


def doctor(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Check everything that trading needs, and say what to do where it is missing."""
    # Signing and contracts take a quarter of a second to import, which no other command needs.
    from polyarb.cli.doctor.examine import examine  # noqa: PLC0415

    findings = asyncio.run(examine(os.environ, now_ns=ambient.now_ns))
    if as_json:
        typer.echo(page.as_json(findings))
    else:
        page.draw(new_console(), findings)
    raise typer.Exit(exit_code(findings))
