"""What is said of the wallet."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

import pytest

from polyarb.cli.doctor import account
from polyarb.cli.doctor.facts import AccountFacts, Approval, ChainFacts, Login, NotAsked, Unread
from polyarb.cli.doctor.finding import Finding, State
from polyarb.venues.polymarket.contracts import COLLATERAL_ADAPTER, NEG_RISK_EXCHANGE, OPERATORS

ALL: Final = 2**256 - 1
MAKER: Final = "0x" + "ab" * 20
BY_VENUE: Final = {address.lower(): ALL for address in OPERATORS.values()}
BY_CHAIN: Final = tuple(
    Approval(operator=name, collateral=ALL, outcome_tokens=True) for name in OPERATORS
)
ACCOUNT: Final = AccountFacts(
    login=Login(key="a-key", known=True),
    closed_only=False,
    collateral=10_000_000_000,
    allowances=BY_VENUE,
)
CHAIN: Final = ChainFacts(chain_id=137, collateral=10_000_000_000, approvals=BY_CHAIN)
SILENT: Final = Unread("no answer")
UNASKED: Final = NotAsked("no node")


def balance(venue: Any, chain: Any, mode: str = "live") -> Finding:
    return account.balance(venue, chain, mode=mode, maker=MAKER)


def without(address: str) -> Mapping[str, int]:
    return {at: 0 if at == address.lower() else allowed for at, allowed in BY_VENUE.items()}


def test_a_sound_wallet_is_fine_throughout() -> None:
    """Every check is ok and none asks for anything."""
    findings = account.judge(ACCOUNT, CHAIN, mode="live", maker=MAKER)

    assert {(f.state, f.remedy) for f in findings} == {(State.OK, "")}
    assert [f.check for f in findings] == [
        "credentials", "account", "chain", "balance", "approvals",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("login", "state", "words"),
    [
        (Login(key="a-key", known=False), State.FAILED, "does not list it"),
        (Unread("API credentials were refused with status 401"), State.FAILED, "401"),
        (None, State.NOT_CHECKED, "the executor creates them"),
        (NotAsked("needs a usable key"), State.NOT_CHECKED, "needs a usable key"),
    ],
)
def test_credentials(login: Any, state: State, words: str) -> None:
    """Refused and unlisted fail; a key that is new has none yet."""
    found = account.credentials(login)

    assert (found.state, bool(found.remedy)) == (state, state is State.FAILED)
    assert words in found.found


def test_an_account_that_may_only_close_fails() -> None:
    """Its orders would be refused."""
    found = account.standing(True)

    assert (found.state, bool(found.remedy)) == (State.FAILED, True)


@pytest.mark.parametrize("chain_id", [1, 80_002])
def test_a_node_of_another_chain_fails(chain_id: int) -> None:
    """Both chains are named."""
    found = account.node(chain_id)

    assert (found.state, bool(found.remedy)) == (State.FAILED, True)
    assert f"chain {chain_id}, not 137" in found.found


@pytest.mark.parametrize(
    ("venue", "chain", "mode", "state", "words"),
    [
        (5_000_000, 5_000_000, "live", State.OK, f"5 of collateral in {MAKER}"),
        (5_000_000, UNASKED, "live", State.OK, "5 of collateral"),
        (UNASKED, 5_000_000, "live", State.OK, "5 of collateral"),
        (5_000_000, 0, "live", State.WARNING, "5 of collateral in"),
        (0, 0, "live", State.FAILED, "too little"),
        (999_999, 999_999, "live", State.FAILED, "too little"),
        (0, UNASKED, "paper", State.WARNING, "too little"),
        (1_000_000, 1_000_000, "live", State.OK, "1 of collateral"),
        (SILENT, UNASKED, "live", State.FAILED, "no answer"),
        (UNASKED, SILENT, "live", State.FAILED, "no answer"),
        (UNASKED, NotAsked("later"), "live", State.NOT_CHECKED, "later"),
    ],
)
def test_the_balance(venue: Any, chain: Any, mode: str, state: State, words: str) -> None:
    """Whoever was asked counts; two different answers are a warning."""
    found = balance(venue, chain, mode)

    assert (found.state, words in found.found) == (state, True)
    assert bool(found.remedy) == (state in {State.WARNING, State.FAILED})


@pytest.mark.parametrize("missing", range(len(BY_CHAIN)))
@pytest.mark.parametrize(
    ("change", "words"),
    [({"collateral": 0}, "(collateral)"), ({"outcome_tokens": False}, "(outcome tokens)")],
)
def test_each_missing_approval_is_named(missing: int, change: dict[str, Any], words: str) -> None:
    """Without it orders match and never settle."""
    approvals = list(BY_CHAIN)
    approvals[missing] = replace(approvals[missing], **change)

    found = account.approvals(BY_VENUE, tuple(approvals))

    assert (found.state, bool(found.remedy)) == (State.FAILED, True)
    assert found.found == f"missing: {approvals[missing].operator} {words}"


@pytest.mark.parametrize(
    ("venue", "state", "words"),
    [
        (BY_VENUE, State.WARNING, "outcome tokens were not read"),
        (without(NEG_RISK_EXCHANGE), State.FAILED, "neg-risk exchange (collateral)"),
        (without(COLLATERAL_ADAPTER), State.FAILED, "collateral adapter (collateral)"),
        ({}, State.FAILED, "binary exchange (collateral), neg-risk exchange"),
        (SILENT, State.FAILED, "no answer"),
        (UNASKED, State.NOT_CHECKED, "no node"),
    ],
)
def test_without_a_node_the_venue_tells_half(venue: Any, state: State, words: str) -> None:
    """The venue says what may happen to the collateral only."""
    found = account.approvals(venue, UNASKED)

    assert (found.state, words in found.found) == (state, True)


@pytest.mark.parametrize("judge", [account.credentials, account.standing, account.node])
def test_a_question_without_an_answer_fails(judge: Callable[[Any], Finding]) -> None:
    """One that was not asked does not."""
    assert judge(SILENT).state is State.FAILED
    assert judge(SILENT).remedy
    assert judge(UNASKED).state is State.NOT_CHECKED
