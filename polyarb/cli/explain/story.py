"""What the ledger tells of an id, as values: chapters of a decision and what came of it. Pure."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message

from polyarb.cli.explain.proof import Proof, proof_of
from polyarb.core.basket import Execution, Intent, holdings
from polyarb.core.opportunity import Opportunity
from polyarb.core.order import Refused
from polyarb.v1.ledger_service_pb2 import ExplainResponse
from polyarb.wire import basket as wire


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """One decision. decision_id: "" where none was stored. execution: of an approved basket.

    offered: what was found; an intent's own opportunity is what was sized of it.
    """

    decision_id: str
    time_ns: int
    offered: Opportunity
    verdict: Intent | Refused
    execution: Execution | None = None

    @property
    def portfolio(self) -> Opportunity:
        """Return what would be traded: as sized where it was approved, else as found."""
        return self.verdict.opportunity if isinstance(self.verdict, Intent) else self.offered


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """Everything known of an id. chapters: oldest first. left_out: what found no room."""

    name: str
    chapters: tuple[Chapter, ...]
    left_out: int

    def chief(self) -> Chapter | None:
        """Return the chapter that was asked for, else the newest approval, else the newest."""
        asked = [c for c in self.chapters if c.decision_id == self.name]
        approved = [c for c in self.chapters if isinstance(c.verdict, Intent)]
        return next(iter((*asked[-1:], *approved[-1:], *self.chapters[-1:])), None)


def story_of(name: str, response: ExplainResponse) -> Story:
    """Return the ledger's answer about `name`. Raises BadInput."""
    executions = {e.intent_id: wire.execution_from(e) for e in response.executions}
    chapters = [_decided(wire.decision_from(d), executions) for d in response.decisions]
    chapters += [_undecided(wire.intent_from(i), executions) for i in response.intents]
    chapters.sort(key=lambda chapter: chapter.time_ns)
    return Story(name=name, chapters=tuple(chapters), left_out=response.left_out_count)


def _decided(decision: wire.Decision, executions: dict[str, Execution]) -> Chapter:
    verdict = decision.verdict
    return Chapter(
        decision_id=decision.decision_id,
        time_ns=decision.decision_time_ns,
        offered=decision.opportunity,
        verdict=verdict,
        execution=executions.get(verdict.intent_id) if isinstance(verdict, Intent) else None,
    )


def _undecided(intent: Intent, executions: dict[str, Execution]) -> Chapter:
    return Chapter(
        decision_id="",
        time_ns=intent.approval_time_ns,
        offered=intent.opportunity,
        verdict=intent,
        execution=executions.get(intent.intent_id),
    )


def as_json(name: str, response: ExplainResponse) -> str:
    """Return the answer as protobuf JSON, with what is computed here beside it. Raises BadInput.

    proofs: of each chapter, oldest first; results: of each basket. Amounts are strings of micros.
    """
    story = story_of(name, response)
    told = _dict(response)
    told["id"] = name
    told["proofs"] = [_proof_dict(c.decision_id, proof_of(c.portfolio)) for c in story.chapters]
    told["results"] = [_result_dict(wire.execution_from(e)) for e in response.executions]
    return json.dumps(told, indent=2)


def _dict(message: Message) -> dict[str, Any]:
    return dict(MessageToDict(message, always_print_fields_with_no_presence=True))


def _proof_dict(decision_id: str, proof: Proof) -> dict[str, Any]:
    return {"decisionId": decision_id, **proof_dict(proof)}


def proof_dict(proof: Proof) -> dict[str, Any]:
    """Return a proof for programs."""
    worlds: Sequence[dict[str, Any]] | None = None
    if proof.worlds is not None:
        worlds = [
            {"winners": list(w.winners), "paysMicros": str(w.pays), "netMicros": str(w.net)}
            for w in proof.worlds
        ]
    return {
        "verifiedAgain": proof.fault is None,
        "fault": proof.fault or "",
        "logic": list(proof.logic),
        "worlds": worlds,
    }


def _result_dict(execution: Execution) -> dict[str, str]:
    held = holdings(execution)
    return {"intentId": execution.intent_id, "netMicros": str(held.cash)}
