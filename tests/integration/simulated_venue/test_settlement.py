"""The simulated venue's relayer and chain node: split, merge, convert, redeem."""

from typing import Any

import httpx

from integration.simulated_venue.trader import (
    BUY,
    DEPOSIT,
    FAK,
    TOKENS,
    Trader,
    done,
    event_of,
    settled,
)
from polyarb.core.market import Market
from polyarb.core.money import MICROS, Size
from polyarb.venues.polymarket.chain import convert_call, merge_call, redeem_call, split_call
from polyarb.venues.polymarket.contracts import NEG_RISK_ADAPTER
from polyarb.venues.polymarket.rpc import ChainReader, calldata, question_count, resolution
from polyarb.venues.polymarket.sign import Call
from polyarb.venues.simulated.server import SimulatedServer
from polyarb.venues.simulated.world import ListedEvent


async def test_a_relayed_split_and_merge_change_settled_balances(
    http: httpx.AsyncClient, maker: Trader, market: Market
) -> None:
    """Split 30, merge 10: 20 of each token and 20 less collateral."""
    name = {"condition_id": market.condition_id, "neg_risk": True}
    split = await maker.submit(split_call(**name, amount=Size(30 * TOKENS)))  # type: ignore[arg-type]
    first = await done(http, split)
    merge = await maker.submit(merge_call(**name, amount=Size(10 * TOKENS)))  # type: ignore[arg-type]
    second = await done(http, merge)

    assert split.json()["state"] == "STATE_NEW"
    assert (first["state"], second["state"]) == ("STATE_CONFIRMED", "STATE_CONFIRMED")
    assert await maker.balance() == DEPOSIT - 20 * MICROS
    assert await maker.balance(market.yes_token) == 20 * TOKENS
    assert await maker.balance(market.no_token) == 20 * TOKENS


async def test_a_batch_of_calls_mints_a_whole_yes_set_or_nothing(
    http: httpx.AsyncClient, maker: Trader, relay: ListedEvent
) -> None:
    """Split one question and convert its NO; when the convert fails, the split is undone."""
    first, *rest = [q.market for q in relay.questions]
    group = relay.event.neg_risk_market_id
    split = split_call(condition_id=first.condition_id, neg_risk=True, amount=Size(5 * TOKENS))

    def convert(amount: int) -> Call:
        return convert_call(neg_risk_market_id=group, index_set=1, amount=Size(amount))

    failed = await done(http, await maker.submit(split, convert(6 * TOKENS)))
    untouched = await maker.statement()
    minted = await done(http, await maker.submit(split, convert(5 * TOKENS)))

    assert failed["state"] == "STATE_FAILED"
    assert "execution reverted" in failed["error_msg"]
    assert (untouched["collateral"], untouched["tokens"]) == (DEPOSIT, {})
    assert minted["state"] == "STATE_CONFIRMED"
    held = {m.yes_token: 5 * TOKENS for m in (first, *rest)}
    assert (await maker.statement())["tokens"] == held


async def test_the_relayer_takes_one_batch_at_a_time_with_the_right_nonce(
    http: httpx.AsyncClient, maker: Trader, market: Market
) -> None:
    """A second batch meanwhile is busy; afterwards an old nonce does not match."""
    call = split_call(condition_id=market.condition_id, neg_risk=True, amount=Size(TOKENS))
    first = await maker.submit(call)
    busy = await maker.submit(call)
    await done(http, first)
    stale = await maker.submit(call, nonce=0)

    assert busy.status_code == 400
    assert "wallet busy" in busy.json()["error"]
    assert "batch nonce 0 does not match on-chain nonce 1" in stale.json()["error"]


async def test_the_relayer_blocks_calls_to_unknown_contracts(maker: Trader) -> None:
    """The old adapter is not an allowed target any more."""
    answer = await maker.submit(Call(target=NEG_RISK_ADAPTER, data=b"\x00" * 4))

    assert answer.status_code == 400
    assert answer.json()["error"].startswith("call blocked")


async def test_no_bought_on_two_outcomes_converts_into_collateral(
    http: httpx.AsyncClient, maker: Trader, taker: Trader, relay: ListedEvent
) -> None:
    """NO of two of three outcomes becomes one dollar and the third YES, as the contract says."""
    markets = [q.market for q in relay.questions]
    for m in markets[:2]:
        await maker.place(maker.request(m.yes_token, BUY, 600_000, 20 * TOKENS))
    legs = [taker.request(m.no_token, BUY, 400_000, 10 * TOKENS, FAK) for m in markets[:2]]
    answers = (await taker.post(*legs)).json()
    for m in markets[:2]:
        await settled(taker, m.no_token, 10 * TOKENS)
    call = convert_call(
        neg_risk_market_id=relay.event.neg_risk_market_id,
        index_set=0b11,
        amount=Size(10 * TOKENS),
    )
    told = await done(http, await taker.submit(call))

    assert [a["status"] for a in answers] == ["matched", "matched"]
    assert told["state"] == "STATE_CONFIRMED"
    statement = await taker.statement()
    fees = 2 * 10 * 50_000 * 240_000 // MICROS
    assert statement["tokens"] == {markets[2].yes_token: 10 * TOKENS}
    assert statement["collateral"] == DEPOSIT - 8 * MICROS + 10 * MICROS - fees


async def test_a_resolved_market_pays_on_chain_and_statement_equals_balances(
    http: httpx.AsyncClient, maker: Trader, taker: Trader, market: Market
) -> None:
    """The node tells the payouts, redeeming pays, and both sides' books agree to the micro."""
    await maker.place(maker.request(market.yes_token, BUY, 400_000, 10 * TOKENS))
    await taker.place(taker.request(market.no_token, BUY, 600_000, 10 * TOKENS, FAK))
    await settled(maker, market.yes_token, 10 * TOKENS)
    reader = ChainReader(http, str(http.base_url.join("/rpc")))
    before = await resolution(reader, market.condition_id)
    await http.post("/sim/resolve-all")
    await http.post("/sim/audit")
    after = await resolution(reader, market.condition_id)
    assert after is not None
    for trader in (maker, taker):
        call = redeem_call(condition_id=market.condition_id, neg_risk=True)
        assert (await done(http, await trader.submit(call)))["state"] == "STATE_CONFIRMED"

    fee = 10 * 50_000 * 240_000 // MICROS
    yes, no = int(after.yes_payout), int(after.no_payout)
    assert before is None
    assert {yes, no} == {0, MICROS}
    assert await maker.balance() == DEPOSIT - 4 * MICROS + 10 * yes
    assert await taker.balance() == DEPOSIT - 6 * MICROS + 10 * no - fee
    for trader in (maker, taker):
        told = await trader.statement()
        assert told["collateral"] == await trader.balance()
        assert told["profit"] == await trader.balance() - DEPOSIT


async def test_the_node_counts_questions_that_the_listing_hides(
    venue: SimulatedServer, http: httpx.AsyncClient
) -> None:
    """Twelve on chain where the metadata shows five."""
    event = event_of(venue, "continental-hoops-champion")
    reader = ChainReader(http, f"{venue.url}/rpc")
    listed = (await http.get(f"/gamma/events/{event.event.event_id}")).json()

    assert len(listed["markets"]) == 5
    assert await question_count(reader, event.event.neg_risk_market_id) == 12


async def test_the_node_knows_balances_and_reverts_the_rest(
    http: httpx.AsyncClient, maker: Trader
) -> None:
    """pUSD balanceOf tells the deposit; an unknown view is an error."""
    await maker.balance()
    data = calldata("balanceOf(address)", maker.wallet)

    def call(raw: bytes) -> dict[str, Any]:
        to = {"to": "0xC011a7E12a19f7B1f670d46F03B03f3342E82DFB", "data": "0x" + raw.hex()}
        return {"jsonrpc": "2.0", "id": 9, "method": "eth_call", "params": [to, "latest"]}

    told = (await http.post("/rpc", json=[call(data), call(b"\x01\x02\x03\x04")])).json()

    assert int(told[0]["result"], 16) == DEPOSIT
    assert told[1]["error"]["message"] == "execution reverted"
