"""Judgements of the wallet, as the venue and the chain see it. Pure."""

from collections.abc import Iterator, Mapping
from typing import Final, TypeVar

from polyarb.cli.doctor.facts import (
    AccountFacts,
    Approval,
    ChainFacts,
    Login,
    NotAsked,
    Read,
    Unread,
)
from polyarb.cli.doctor.finding import Finding
from polyarb.cli.doctor.verdicts import failed, grave_when_live, ok, unknown, warning
from polyarb.core.money import format_decimal
from polyarb.venues.polymarket.contracts import CHAIN_ID, OPERATORS

T = TypeVar("T")
U = TypeVar("U")

_ASK_AGAIN: Final = "check the connection to the venue and run this again"
_APPROVE: Final = "approve the contracts once, with the venue's site or its official client"
_NODE: Final = "check POLYARB_RPC_URL, or name another Polygon node"
_LOW: Final = 1_000_000


def judge(account: AccountFacts, chain: ChainFacts, *, mode: str, maker: str) -> list[Finding]:
    """Return the findings of the wallet, in the order of the checklist."""
    return [
        credentials(account.login),
        standing(account.closed_only),
        node(chain.chain_id),
        balance(account.collateral, chain.collateral, mode=mode, maker=maker),
        approvals(account.allowances, chain.approvals),
    ]


def credentials(fact: Read[Login | None]) -> Finding:
    """Judge the API credentials."""
    check = "credentials"
    if isinstance(fact, Unread):
        remedy = "check the clock above, and that the key is the one of this account"
        return failed(check, fact.reason, remedy)
    if isinstance(fact, NotAsked):
        return unknown(check, fact, "")
    if fact is None:
        reason = "the key has none yet; the executor creates them when it first starts"
        return unknown(check, NotAsked(reason), "")
    if not fact.known:
        found = f"the venue gave {fact.key} and does not list it"
        return failed(check, found, "create new ones with the official client")
    return ok(check, f"{fact.key}, and the venue takes what is signed with them")


def standing(fact: Read[bool]) -> Finding:
    """Judge whether the account may open positions."""
    check = "account"
    if isinstance(fact, (Unread, NotAsked)):
        return unknown(check, fact, _ASK_AGAIN)
    if fact:
        found = "may only close what it holds"
        return failed(check, found, "ask the venue why; nothing can be bought")
    return ok(check, "may trade")


def node(fact: Read[int]) -> Finding:
    """Judge the node of the chain."""
    check = "chain"
    if isinstance(fact, (Unread, NotAsked)):
        return unknown(check, fact, _NODE)
    if fact != CHAIN_ID:
        return failed(check, f"the node serves chain {fact}, not {CHAIN_ID} (Polygon)", _NODE)
    return ok(check, f"the node answers for chain {fact}")


def balance(venue: Read[int], chain: Read[int], *, mode: str, maker: str) -> Finding:
    """Judge the collateral; where both were read, venue and chain must agree."""
    check = "balance"
    known = [b for b in (venue, chain) if isinstance(b, int)]
    if not known:
        return unknown(check, _telling(venue, chain), _ASK_AGAIN)
    found = f"{format_decimal(known[0])} of collateral in {maker}"
    if len(set(known)) > 1:
        found = f"{found} by the venue, {format_decimal(known[1])} by the chain"
        remedy = "run this again in a minute; if it stays, a wrong wallet kind is likely"
        return warning(check, found, remedy)
    if known[0] < _LOW:
        remedy = f"deposit pUSD to {maker}, or correct POLYARB_WALLET_KIND and _ADDRESS"
        return grave_when_live(check, mode, f"{found}: too little for any order", remedy)
    return ok(check, found)


def approvals(venue: Read[Mapping[str, int]], chain: Read[tuple[Approval, ...]]) -> Finding:
    """Judge what the exchanges and adapters may move: without it orders match and never settle."""
    check = "approvals"
    if isinstance(chain, tuple):
        missing = list(_missing(chain))
        if missing:
            return failed(check, f"missing: {', '.join(missing)}", _APPROVE)
        return ok(check, f"collateral and outcome tokens, for {len(chain)} contracts")
    if isinstance(venue, (Unread, NotAsked)):
        return unknown(check, _telling(venue, chain), _ASK_AGAIN)
    unapproved = [
        f"{name} (collateral)" for name, at in OPERATORS.items() if not venue.get(at.lower())
    ]
    if unapproved:
        return failed(check, f"missing: {', '.join(unapproved)}", _APPROVE)
    found = f"collateral, for {len(OPERATORS)} contracts; outcome tokens were not read"
    return warning(check, found, _NODE)


def _telling(venue: Read[T], chain: Read[U]) -> Unread | NotAsked:
    """Return the more telling of two reasons: a question that failed, else the chain's."""
    silent = [fact for fact in (venue, chain) if isinstance(fact, (Unread, NotAsked))]
    return next((fact for fact in silent if isinstance(fact, Unread)), silent[-1])


def _missing(approvals: tuple[Approval, ...]) -> Iterator[str]:
    for approval in approvals:
        if not approval.collateral:
            yield f"{approval.operator} (collateral)"
        if not approval.outcome_tokens:
            yield f"{approval.operator} (outcome tokens)"
