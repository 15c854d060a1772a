"""Judgements of this machine and its settings. Pure."""

from collections.abc import Sequence
from typing import Final

from polyarb.cli.doctor.facts import Disk, KeyFacts, MachineFacts, NotAsked, Read, Unread
from polyarb.cli.doctor.finding import Finding, State
from polyarb.cli.doctor.verdicts import failed, ok, unknown, warning
from polyarb.venues.polymarket.sign import EOA
from polyarb.venues.polymarket.wallet import exposure_of, trading_refusal

FREE_BYTES_MIN: Final = 2**30
"""Less than this ends in a full disk: one log file is 100 MB before it is zipped."""

FREE_BYTES_GOOD: Final = 5 * 2**30
_GIB: Final = 2**30


def judge(facts: MachineFacts) -> list[Finding]:
    """Return the findings of this machine, in the order of the checklist."""
    return [
        settings(facts.faults),
        mode(facts),
        key(facts.key),
        wallet(facts.key),
        ports(facts.ports_taken),
        database(facts.database),
        disk(facts.disks),
    ]


def settings(faults: Sequence[str]) -> Finding:
    """Judge the settings of every process."""
    if not faults:
        return ok("settings", "every process takes its settings")
    return failed("settings", "\n".join(faults), "correct them in the environment or in .env")


def mode(facts: MachineFacts) -> Finding:
    """Judge whether the chosen venue and mode can start."""
    chosen = f"{facts.mode} on the {facts.venue} venue"
    if facts.refusals:
        remedy = "use --dry-run there, or POLYARB_VENUE=simulated"
        return warning("mode", f"{chosen}: {'; '.join(facts.refusals)}", remedy)
    moves = "real money moves" if facts.mode == "live" else "no real money moves"
    return ok("mode", f"{chosen}: {moves}")


def key(facts: KeyFacts) -> Finding:
    """Judge where the key is kept. An address is shown, the key never."""
    if facts.fault:
        return failed(
            "key",
            facts.fault,
            "name a readable file of 64 hex digits in POLYMARKET_PRIVATE_KEY_FILE",
        )
    if facts.source == "none":
        return ok("key", f"none configured; paper trading signs as {facts.address}")
    if facts.source == "environment":
        return warning(
            "key",
            f"of {facts.address}, in the environment, where every process of yours can read it",
            "write it to a file, chmod 600, and name that in POLYMARKET_PRIVATE_KEY_FILE",
        )
    exposure = exposure_of(facts.file_mode or 0)
    if exposure:
        return warning(
            "key", f"of {facts.address}, in {facts.file}, {exposure}", f"chmod 600 {facts.file}"
        )
    return ok("key", f"of {facts.address}, in {facts.file}, readable by its owner alone")


def wallet(facts: KeyFacts) -> Finding:
    """Judge what the key trades."""
    if facts.wallet_fault:
        remedy = "correct POLYARB_WALLET_KIND and POLYARB_WALLET_ADDRESS"
        return failed("wallet", facts.wallet_fault, remedy)
    if facts.wallet is None:
        return unknown("wallet", NotAsked("needs a usable key"), "")
    number = facts.wallet.signature_type
    whose = "the key's own address" if number == EOA else "deposit wallet"
    found = f"{facts.wallet.maker}, {whose}, signature type {number}"
    if refusal := trading_refusal(facts.kind):
        return failed("wallet", f"{found}: trading from {refusal}", "trade from a deposit wallet")
    return ok("wallet", found)


def ports(taken: Sequence[str]) -> Finding:
    """Judge whether a run could listen."""
    if not taken:
        return ok("ports", "free")
    return warning(
        "ports",
        f"in use: {', '.join(taken)}",
        "if that is not a run of yours, stop it, or start with --ports auto",
    )


def database(version: Read[str]) -> Finding:
    """Judge the Postgres of one's own, where there is one."""
    if isinstance(version, NotAsked):
        return ok("database", version.reason)
    if isinstance(version, Unread):
        remedy = "check the address in DATABASE_URL, its password, and that the server runs"
        return unknown("database", version, remedy)
    return ok("database", f"Postgres {version} answers")


def disk(disks: Sequence[Read[Disk]]) -> Finding:
    """Judge the room for logs and data; the worst place decides."""
    unread = next((d for d in disks if isinstance(d, Unread)), None)
    if unread is not None:
        return unknown("disk", unread, "make the folder, or name another one")
    read = [d for d in disks if isinstance(d, Disk)]
    if not read:
        return unknown("disk", NotAsked("nothing is written"), "")
    found = ", ".join(f"{_gib(d.free_bytes)} free for {d.name} in {d.path}" for d in read)
    least = min(d.free_bytes for d in read)
    remedy = f"make room: at least {_gib(FREE_BYTES_MIN)}, better {_gib(FREE_BYTES_GOOD)}"
    if least < FREE_BYTES_MIN:
        return failed("disk", found, remedy)
    state = State.OK if least >= FREE_BYTES_GOOD else State.WARNING
    return Finding(
        check="disk", state=state, found=found, remedy="" if state is State.OK else remedy
    )


def _gib(size: int) -> str:
    tenths = size * 10 // _GIB
    return f"{tenths // 10}.{tenths % 10} GiB"
