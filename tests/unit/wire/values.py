"""Random core values of any type, made from the types: a new field is covered at once."""

import types
from dataclasses import fields, is_dataclass
from enum import Enum
from random import Random
from typing import Any, Final, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from polyarb.core.certificate import MARKETS_MAX
from polyarb.core.logic import UNTIED, Logic
from polyarb.core.market import TICK_SIZES
from polyarb.core.money import MICROS, Collateral, Price, Size

T = TypeVar("T")

_TEXTS: Final = (
    "",
    "x",
    "0x" + "ab" * 32,
    "Grüße",
    "71321045679252212594626385532706912750332728571",
)


def make(kind: type[T], rng: Random, **fixed: Any) -> T:
    """Return a random value of a dataclass; `fixed` fields are given."""
    assert is_dataclass(kind), kind
    hints = get_type_hints(kind)
    drawn = {
        f.name: fixed[f.name] if f.name in fixed else _field(f.name, hints[f.name], rng)
        for f in fields(kind)
    }
    return cast("T", kind(**drawn))


def _field(name: str, hint: Any, rng: Random) -> Any:
    """Return a value for a field; what a type does not say, its name does."""
    return _BY_NAME[name](rng) if name in _BY_NAME else _value(hint, rng)


def _value(hint: Any, rng: Random) -> Any:
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return _value(rng.choice(inner), rng)
    if origin is tuple:
        several = inner[-1] is Ellipsis
        parts = inner[:1] * rng.randint(1, 3) if several else inner
        return tuple(_value(part, rng) for part in parts)
    if hint in _SCALARS:
        return _SCALARS[hint](rng)
    if issubclass(hint, Enum):
        return rng.choice(list(hint))
    if issubclass(hint, tuple):
        return hint(*(_value(part, rng) for part in get_type_hints(hint).values()))
    return make(hint, rng)


def _constraints(rng: Random) -> tuple[tuple[int, ...], ...]:
    """Return cliques or clauses over the first market, which every group has."""
    return tuple((1, -1)[: rng.randint(1, 2)] for _ in range(rng.randint(0, 3)))


_BY_NAME: Final[dict[str, Any]] = {
    "tick_size": lambda rng: rng.choice(TICK_SIZES),
    "rate_micros": lambda rng: rng.randint(0, MICROS),
    "exponent": lambda _: 1,
    "expiration_s": lambda _: 0,
    "market_count": lambda rng: rng.randint(1, MARKETS_MAX),
    "logic": lambda rng: rng.choice((UNTIED, Logic(*(_constraints(rng) for _ in range(2))))),
    "salt": lambda rng: rng.choice((0, 2**53 - 1, rng.randrange(2**48))),
    "match_time_ms": lambda rng: rng.randrange(1, 2**41),
    "opportunity_id": lambda rng: f"opportunity {rng.randrange(10**9)}",
    "intent_id": lambda rng: f"intent {rng.randrange(10**9)}",
}

_SCALARS: Final[dict[Any, Any]] = {
    Price: lambda rng: rng.randint(1, MICROS - 1),
    Size: lambda rng: rng.choice((1, rng.randint(1, 10**15))),
    Collateral: lambda rng: rng.choice((0, -1, rng.randint(-(10**15), 10**15))),
    int: lambda rng: rng.choice((1, rng.randint(1, 2**62))),
    float: lambda rng: rng.choice((0.0, 1.0, rng.random())),
    bool: lambda rng: rng.random() < 0.5,
    str: lambda rng: rng.choice(_TEXTS),
    type(None): lambda _: None,
}
