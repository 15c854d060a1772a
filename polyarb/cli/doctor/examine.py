"""Asks everybody and has the answers judged."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from polyarb.chassis import config
from polyarb.cli import preflight
from polyarb.cli.doctor import account, machine, venue
from polyarb.cli.doctor.facts import (
    AccountFacts,
    ChainFacts,
    KeyFacts,
    MachineFacts,
    NotAsked,
    VenueFacts,
)
from polyarb.cli.doctor.finding import Finding
from polyarb.cli.doctor.read_account import Account, no_account, no_chain, read_chain
from polyarb.cli.doctor.read_machine import read_key, read_machine
from polyarb.cli.doctor.read_venue import is_there, not_running, read_venue
from polyarb.cli.settings import RunSettings
from polyarb.core.errors import ConfigError
from polyarb.venues.polymarket.config import WalletSettings
from polyarb.venues.polymarket.urls import VenueUrls, chosen


async def examine(env: Mapping[str, str], *, now_ns: Callable[[], int]) -> list[Finding]:
    """Return every finding, in the order of the checklist.

    env: the environment that services would start in. Settings whose faults leave nothing to ask
    with give one finding, all faults in it.
    """
    checking = await preflight.service_faults(env)
    try:
        settings = config.load(RunSettings)
    except ConfigError as error:
        return [machine.settings(_distinct(*checking, *error.faults))]
    wallet, key_faults = _wallet_settings()
    key = read_key(wallet, "; ".join(key_faults))
    urls = chosen(
        venue=settings.venue,
        simulator_host=settings.simulator_host,
        simulator_port=settings.simulator_port,
        rpc_url=settings.rpc_url,
    )
    public = await read_venue(urls, now_ns=now_ns)
    answers = is_there(public)
    if settings.venue == "simulated" and not answers:
        public, (private, chain) = not_running(), _nobody()
    else:
        private, chain = await _ask_about(urls, wallet, key, settings.venue, now_ns)
    facts = await read_machine(
        settings, key, faults=_distinct(*checking, *key_faults), simulator_answers=answers
    )
    return _judged(facts, public, private, chain)


def _judged(
    facts: MachineFacts, public: VenueFacts, private: AccountFacts, chain: ChainFacts
) -> list[Finding]:
    maker = facts.key.wallet.maker if facts.key.wallet else ""
    return [
        *machine.judge(facts),
        *venue.judge(public, mode=facts.mode),
        *account.judge(private, chain, mode=facts.mode, maker=maker),
    ]


def _wallet_settings() -> tuple[WalletSettings | None, tuple[str, ...]]:
    try:
        return config.load(WalletSettings), ()
    except ConfigError as error:
        return None, error.faults


async def _ask_about(
    urls: VenueUrls,
    wallet: WalletSettings | None,
    key: KeyFacts,
    venue_name: str,
    now_ns: Callable[[], int],
) -> tuple[AccountFacts, ChainFacts]:
    """Return what venue and chain say of the wallet.

    The throwaway key of paper trading has no account anywhere but at the simulated venue.
    """
    ours = wallet is not None and (key.source != "none" or venue_name == "simulated")
    maker = key.wallet.maker if ours and key.wallet else ""
    if ours and wallet is not None and maker:
        private = await Account(urls, wallet.signer(), wallet.wallet(), now_ns=now_ns).read()
    else:
        private = no_account("needs a usable key and wallet")
    chain = await _chain(urls, maker)
    if venue_name == "simulated" and private.login is None:
        reason = NotAsked("the simulated venue pays in when the executor first logs in")
        return private, replace(chain, collateral=reason)
    return private, chain


async def _chain(urls: VenueUrls, maker: str) -> ChainFacts:
    if not urls.rpc:
        return no_chain("POLYARB_RPC_URL names no node; no event is then taken to be exhaustive")
    return await read_chain(urls.rpc, maker)


def _nobody() -> tuple[AccountFacts, ChainFacts]:
    reason = "the simulated venue does not run; `polyarb run` starts it"
    return no_account(reason), no_chain(reason)


def _distinct(*faults: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(faults))
