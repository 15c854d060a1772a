"""Gamma objects in the shapes that the venue lists, with ids of our own that prove each other."""

import json
from typing import Any

from polyarb.venues.polymarket import tokens

GROUP = "0x" + "4c" * 31 + "00"
FEES = {"rate": 0.07, "exponent": 1, "takerOnly": True, "rebateRate": 0.2}


def market(index: int = 0, **changes: Any) -> dict[str, Any]:
    """A negative-risk market as the venue lists it."""
    question = tokens.neg_risk_question_id(GROUP, index)
    condition = tokens.condition_id(oracle=tokens.NEG_RISK_ORACLE, question_id=question)
    return {
        "id": "549868",
        "question": f"Will outcome {index} win?",
        "slug": f"outcome-{index}",
        "conditionId": condition,
        "questionID": question,
        "outcomes": '["Yes", "No"]',
        "clobTokenIds": json.dumps(tokens.outcome_tokens(condition, neg_risk=True)),
        "active": True,
        "closed": False,
        "archived": False,
        "acceptingOrders": True,
        "enableOrderBook": True,
        "orderPriceMinTickSize": 0.001,
        "orderMinSize": 5,
        "negRisk": True,
        "negRiskMarketID": GROUP,
        "negRiskOther": False,
        "groupItemTitle": f"Candidate number {index}",
        "feesEnabled": False,
        "feeType": None,
        **changes,
    }


def binary(**changes: Any) -> dict[str, Any]:
    condition = "0x" + "5d" * 32
    return market(
        slug="binary",
        conditionId=condition,
        questionID="0x" + "6e" * 32,
        clobTokenIds=json.dumps(tokens.outcome_tokens(condition, neg_risk=False)),
        negRisk=False,
        **{"negRiskMarketID": None, **changes},
    )


def event(*markets: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {
        "id": "26004",
        "slug": "who-wins",
        "title": "Who wins?",
        "description": "The one who wins.",
        "active": True,
        "closed": False,
        "archived": False,
        "endDate": "2026-12-31T00:00:00.5Z",
        "negRisk": True,
        "negRiskAugmented": False,
        "negRiskMarketID": GROUP,
        "markets": list(markets),
        **changes,
    }
