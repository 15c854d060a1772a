"""Reading a fault plan: every bad value is named with its place and what is accepted there."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any, Final

from polyarb.core.errors import BadInput
from polyarb.venues.simulated.fault_kinds import FAULTS, Choice, Kind, Option, Whole
from polyarb.venues.simulated.faults import ARMED_MAX, Entry, Where

SEED_MAX: Final = 2**63 - 1
TIME_MAX_MS: Final = 7 * 86_400_000
COUNT_MAX: Final = 1_000_000
_NTH_MAX: Final = 100
_TEXT_MAX: Final = 100
_CHANNELS: Final = ("market", "user")
_PLAN_KEYS: Final = ("seed", "faults")
_ENTRY_KEYS: Final = ("fault", "where", "how", "from_ms", "until_ms", "count")


def read_plan(value: object, *, endpoints: Collection[str]) -> tuple[int | None, list[Entry]]:
    """Return (seed or None, entries) of a plan. Raises BadInput.

    endpoints: what the venue serves, as "GET /book".
    """
    plan = _object(value, "plan", _PLAN_KEYS)
    rows = plan.get("faults")
    if not isinstance(rows, list) or len(rows) > ARMED_MAX:
        raise BadInput("faults", f"expected an array of at most {ARMED_MAX} faults")
    seed = _whole(plan["seed"], "seed", 0, SEED_MAX) if "seed" in plan else None
    return seed, [_entry(row, f"faults[{i}]", endpoints) for i, row in enumerate(rows)]


def _entry(value: object, place: str, endpoints: Collection[str]) -> Entry:
    row = _object(value, place, _ENTRY_KEYS)
    fault = _choice(row.get("fault"), f"{place}.fault", tuple(FAULTS))
    kind = FAULTS[fault]
    from_ms = _whole(row.get("from_ms", 0), f"{place}.from_ms", 0, TIME_MAX_MS)
    until_ms = row.get("until_ms")
    if until_ms is not None:
        until_ms = _whole(until_ms, f"{place}.until_ms", from_ms + 1, TIME_MAX_MS)
    count = row.get("count", 1)
    if count is not None:
        count = _whole(count, f"{place}.count", 1, COUNT_MAX)
    where = _where(row.get("where", {}), f"{place}.where", kind, endpoints)
    how = _how(row.get("how", {}), f"{place}.how", kind.how)
    if how.get("form") == "crossed":
        where = replace(where, event="book")  # nothing else has two sides to exchange
    return Entry(
        fault=fault,
        where=where,
        how=how,
        from_ms=from_ms,
        until_ms=until_ms,
        count=count,
    )


def _where(value: object, place: str, kind: Kind, endpoints: Collection[str]) -> Where:
    given = _object(value, place, (*kind.where, "nth", "probability"))
    chosen = kind.endpoints
    if "endpoint" in given:
        chosen = _endpoints(given["endpoint"], f"{place}.endpoint", endpoints)
    channel = given.get("channel", "")
    return Where(
        endpoints=chosen,
        token=_text(given.get("token", ""), f"{place}.token", "the id of an outcome token"),
        channel=_choice(channel, f"{place}.channel", _CHANNELS) if channel else "",
        event=_text(given.get("event", ""), f"{place}.event", "an event_type, as book"),
        link=_whole(given["link"], f"{place}.link", 1, COUNT_MAX) if "link" in given else 0,
        nth=_nth(given.get("nth", []), f"{place}.nth"),
        probability=_probability(given.get("probability", 1), f"{place}.probability"),
    )


def _endpoints(value: object, place: str, known: Collection[str]) -> tuple[str, ...]:
    """Return one endpoint, or that path with every method."""
    found = tuple(k for k in known if value in (k, k.partition(" ")[2]))
    if not found:
        raise BadInput(place, f"expected one of {', '.join(sorted(known))}")
    return found


def _nth(value: object, place: str) -> tuple[int, ...]:
    given = value if isinstance(value, list) else [value]
    if len(given) > _NTH_MAX:
        raise BadInput(place, f"expected at most {_NTH_MAX} numbers")
    return tuple(_whole(n, place, 1, COUNT_MAX) for n in given)


def _probability(value: object, place: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 1:
        raise BadInput(place, "expected a number above 0 and up to 1")
    return float(value)


def _how(value: object, place: str, options: Mapping[str, Option]) -> dict[str, str | int]:
    given = _object(value, place, tuple(options))
    read: dict[str, str | int] = {}
    for name, option in options.items():
        chosen = given.get(name, option.default)
        if isinstance(option, Whole):
            read[name] = _whole(chosen, f"{place}.{name}", option.low, option.high)
        elif isinstance(option, Choice):
            read[name] = _choice(chosen, f"{place}.{name}", tuple(option.among))
        else:
            text = _text(chosen, f"{place}.{name}", option.what)
            if not text:
                raise BadInput(f"{place}.{name}", f"expected {option.what}")
            read[name] = text
    return read


def _object(value: object, place: str, keys: Collection[str]) -> dict[str, Any]:
    accepted = ", ".join(keys)
    if not isinstance(value, dict):
        raise BadInput(place, f"expected an object of {accepted}")
    for key in value:
        if key not in keys:
            raise BadInput(f"{place}.{str(key)[:_TEXT_MAX]}", f"expected one of {accepted}")
    return value


def _whole(value: object, place: str, low: int, high: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise BadInput(place, f"expected a whole number from {low} to {high}")
    return value


def _choice(value: object, place: str, among: tuple[Any, ...]) -> Any:
    if isinstance(value, bool) or value not in among:
        raise BadInput(place, f"expected one of {', '.join(str(word) for word in among)}")
    return value


def _text(value: object, place: str, what: str) -> str:
    if not isinstance(value, str) or len(value) > _TEXT_MAX:
        raise BadInput(place, f"expected {what}")
    return value
