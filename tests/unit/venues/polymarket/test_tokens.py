import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from polyarb.venues.polymarket import tokens

MARKET_ID = "0x" + "ab" * 31 + "00"


@pytest.fixture(scope="module")
def recorded_markets(recordings: Path) -> list[dict[str, Any]]:
    page = recordings / "wom" / "gamma_markets_2026-02-13T0002Z.json.gz"
    markets: list[dict[str, Any]] = json.loads(gzip.decompress(page.read_bytes()))
    return markets


def test_token_ids_of_every_recorded_market_are_reproduced(
    recorded_markets: list[dict[str, Any]],
) -> None:
    """The published token ids follow from the condition id alone."""
    published = [tuple(json.loads(m["clobTokenIds"])) for m in recorded_markets]

    derived = [
        tokens.outcome_tokens(m["conditionId"], neg_risk=bool(m.get("negRisk")))
        for m in recorded_markets
    ]

    assert len(published) == 100
    assert derived == published


def test_condition_ids_of_every_recorded_market_are_reproduced(
    recorded_markets: list[dict[str, Any]],
) -> None:
    """The published condition id follows from the oracle and the question id."""
    published = [m["conditionId"] for m in recorded_markets]

    derived = [
        tokens.condition_id(
            oracle=tokens.NEG_RISK_ORACLE if m.get("negRisk") else m["resolvedBy"].lower(),
            question_id=m["questionID"],
        )
        for m in recorded_markets
    ]

    assert derived == published


def test_recorded_question_ids_are_the_market_id_with_the_index_byte(
    recorded_markets: list[dict[str, Any]],
) -> None:
    """A negative-risk question differs from its event's id in the last byte only."""
    grouped = [m for m in recorded_markets if m.get("negRisk")]

    derived = [
        tokens.neg_risk_question_id(m["negRiskMarketID"], int(m["questionID"][-2:], 16))
        for m in grouped
    ]

    assert len(grouped) > 50
    assert derived == [m["questionID"] for m in grouped]


def test_a_flipped_byte_of_the_condition_id_changes_both_tokens() -> None:
    """Corrupt metadata cannot keep its token ids."""
    honest = tokens.outcome_tokens("0x" + "11" * 32, neg_risk=True)

    flipped = tokens.outcome_tokens("0x" + "11" * 31 + "10", neg_risk=True)

    assert not set(honest) & set(flipped)


def test_the_same_condition_has_other_tokens_as_a_binary_market() -> None:
    """The inner collateral is part of a token's id."""
    condition = "0x" + "22" * 32

    neg_risk = tokens.outcome_tokens(condition, neg_risk=True)

    assert neg_risk != tokens.outcome_tokens(condition, neg_risk=False)


def test_known_vector_without_recordings() -> None:
    """One real market is pinned, so the derivation is guarded on any machine."""
    condition = tokens.condition_id(
        oracle=tokens.NEG_RISK_ORACLE,
        question_id="0xa69729ae3d9838ec5754e0f74bf57dedd5ddbecd9e31b15a04f48f081168ba00",
    )

    yes, no = tokens.outcome_tokens(condition, neg_risk=True)

    assert condition == "0xaf9d0e448129a9f657f851d49495ba4742055d80e0ef1166ba0ee81d4d594214"
    assert yes == "101676997363687199724245607342877036148401850938023978421879460310389391082353"
    assert no == "4153292802911610701832309484716814274802943278345248636922528170020319407796"


@pytest.mark.parametrize("index", [-1, 256])
def test_a_question_index_beyond_one_byte_is_a_programmers_error(index: int) -> None:
    """There are at most 256 questions."""
    with pytest.raises(AssertionError):
        tokens.neg_risk_question_id(MARKET_ID, index)


def test_token_ids_of_the_first_protocol_are_not_taken_for_the_second() -> None:
    """The second protocol's ids have 64 zero bits that a hash does not have."""
    token = int(tokens.outcome_tokens("0x" + "33" * 32, neg_risk=False)[0])

    assert not tokens.is_v2_position_id(token)
    assert tokens.is_v2_position_id((7 << 104) | 5)
