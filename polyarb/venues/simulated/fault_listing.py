"""Listings that say something else than they should. Pure."""

import json
from typing import Any, Final

import msgspec

from polyarb.venues.simulated.wire import encode

FORMS: Final = ("missing_outcome", "arrays", "other_protocol", "wrong_token")
_LISTS: Final = ("outcomes", "outcomePrices", "clobTokenIds")
_TOKENS: Final = "clobTokenIds"


def altered(body: bytes, form: str) -> bytes:
    """Return an answer of the listing service with each of its events or markets changed.

    missing_outcome: the last market of each event is left out. arrays: what is JSON in a string
    is an array. other_protocol: every market is version v2. wrong_token: the first token id of
    each market is off by one.
    """
    assert form in FORMS, form
    return encode(_altered(msgspec.json.decode(body), form))


def _altered(value: Any, form: str) -> Any:
    if isinstance(value, list):
        return [_altered(each, form) for each in value]
    if not isinstance(value, dict):
        return value
    if "conditionId" in value:
        return {**value, **_market_fields(value, form)}
    made = {**value, **{k: _altered(value[k], form) for k in ("events", "markets") if k in value}}
    if form == "missing_outcome" and "negRisk" in made:
        made["markets"] = made["markets"][:-1]
    return made


def _market_fields(market: dict[str, Any], form: str) -> dict[str, Any]:
    """Return the fields of a market that change."""
    if form == "arrays":
        return {k: json.loads(market[k]) for k in _LISTS if k in market}
    if form == "other_protocol":
        return {"version": "v2"}
    if form == "wrong_token" and _TOKENS in market:
        first, *rest = json.loads(market[_TOKENS])
        return {_TOKENS: json.dumps([str(int(first) + 1), *rest])}
    return {}
