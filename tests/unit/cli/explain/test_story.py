"""The ledger's answer as values and as JSON."""

import json

from polyarb.cli.explain.story import as_json
from polyarb.core.order import RefusalCode
from polyarb.v1.ledger_service_pb2 import ExplainResponse
from polyarb.wire.basket import decision_to, execution_to
from unit.cli.explain.tales import (
    DECISION,
    FOUND,
    INTENT,
    completed,
    decision,
    no_stack,
    refused,
    told,
)

STALE = refused(RefusalCode.STALE, "detected 3.00 s ago")


def test_newest_approval_is_the_chief_chapter() -> None:
    """Whoever asks for an opportunity wants what was traded, whatever was refused later."""
    basket, execution = completed()
    approved = decision(basket.opportunity, basket)

    story = told(approved, decision(no_stack(), STALE), executions=[execution])

    chief = story.chief()
    assert chief is not None
    assert chief.verdict == basket
    assert chief.execution == execution


def test_decision_that_was_asked_for_is_the_chief_chapter() -> None:
    """An id of a refusal explains that refusal."""
    story = told(decision(no_stack(), STALE), name=DECISION)

    chief = story.chief()
    assert chief is not None
    assert chief.verdict == STALE


def test_json_holds_the_messages_and_what_is_computed_here() -> None:
    """The decision as the protos write it, the proof checked here, and the result."""
    basket, execution = completed()
    response = ExplainResponse(
        decisions=[decision_to(decision(basket.opportunity, basket))],
        executions=[execution_to(execution)],
    )

    found = json.loads(as_json(FOUND, response))

    assert found["id"] == FOUND
    assert found["decisions"][0]["approved"]["intentId"] == INTENT
    assert found["executions"][0]["state"] == "BASKET_STATE_COMPLETE"
    (proof,) = found["proofs"]
    assert (proof["decisionId"], proof["verifiedAgain"], proof["fault"]) == (DECISION, True, "")
    assert proof["worlds"][0] == {
        "winners": [0], "paysMicros": "30000000", "netMicros": "5300000",
    }  # fmt: skip
    assert found["results"] == [{"intentId": INTENT, "netMicros": "5500000"}]
