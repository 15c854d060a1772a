"""How a run is doing."""

from polyarb.cli.progress import Progress, Tally


def test_tally_goes_on_when_its_source_starts_again() -> None:
    """A restarted process counts from 0; the run does not."""
    tally = Tally()
    for count in (1, 3, 3, 1, 2):
        tally.see(count)

    assert tally.total == 5


def test_line_names_who_is_not_ready() -> None:
    """Without a terminal the health of services is a list of the sick."""
    progress = Progress(health={"risk": True, "executor": False, "ledger": False})

    assert progress.line().endswith("not_ready=executor,ledger")


def test_line_tells_the_figures() -> None:
    """Profit is exact."""
    progress = Progress(
        elapsed_s=65,
        opportunities=9,
        trades=3,
        successful=2,
        profit_micros=-1,
        health={"risk": True},
    )

    assert progress.line() == (
        "elapsed=01:05 cycles=0 opportunities=9 trades=3 (2 ok) open=0 profit=-0.000001"
        " all services ready"
    )


def test_halt_is_shown_with_its_reason() -> None:
    """Whoever looks at a halted run sees that it is, and why."""
    progress = Progress(halt_reason="ops: maintenance", health={"risk": True})

    assert "HALTED ops: maintenance" in progress.bar().plain
    assert "HALTED=ops: maintenance" in progress.line()


def test_bar_shows_every_service() -> None:
    """Each service has its light."""
    progress = Progress(health={"scanner": True, "risk": False})

    assert progress.bar().plain.endswith("● scanner ● risk")
