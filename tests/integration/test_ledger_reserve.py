"""Reserving capital against a real Postgres: the limits, the epoch, the halt, and repeats."""

import asyncio

import pytest

from integration.ledger_parts import (
    DAY,
    ONE,
    Ledger,
    both_legs,
    completed,
    execution,
    hash_of,
    intent,
    planned,
    uid,
)
from polyarb.core.basket import Intent, PlannedOrder
from polyarb.core.errors import BadInput
from polyarb.core.order import BasketState, OrderState
from polyarb.v1 import ledger_service_pb2 as pb
from services.ledger.faults import AlreadyExists, NotFound, Precondition


async def test_a_basket_within_all_limits_is_reserved(ledger: Ledger) -> None:
    """Capital, loss and a position are held, and the intent is durable."""
    await ledger.open()

    answer = await ledger.reserve(intent("a"))

    assert answer.code == ""
    assert await ledger.limits() == {
        "bankroll": 20 * ONE,
        "capital": 20 * ONE,
        "daily_loss": 2 * ONE,
        "exploration": 0,
        "open_positions": 1,
    }
    assert await ledger.rows("SELECT state, count(*) FROM orders GROUP BY 1") == [("INTENT", 2)]


async def test_a_loss_beyond_the_daily_limit_is_refused_with_the_numbers(ledger: Ledger) -> None:
    """Held worst losses count like losses."""
    await ledger.open(daily_loss=5 * ONE)
    await ledger.reserve(intent("a", worst_loss=3 * ONE))

    answer = await ledger.reserve(intent("b", worst_loss=2 * ONE + 1))

    assert answer.code == "DAILY_LOSS_LIMIT"
    assert answer.message == (
        "Daily loss limit exceeded - trading paused: lost today 0 + held 3 + this 2.000001 > 5"
    )


async def test_a_loss_at_the_daily_limit_is_accepted(ledger: Ledger) -> None:
    """The limit itself may be reached."""
    await ledger.open(daily_loss=5 * ONE)
    await ledger.reserve(intent("a", worst_loss=3 * ONE))

    assert (await ledger.reserve(intent("b", worst_loss=2 * ONE))).code == ""


async def test_realised_losses_count_until_midnight_utc(ledger: Ledger) -> None:
    """A loss of today narrows the limit today and not tomorrow."""
    await ledger.open(daily_loss=5 * ONE)
    basket = intent("a", worst_loss=0)
    await ledger.reserve(basket)
    await ledger.record(completed(basket, back=5 * ONE))

    today = await ledger.reserve(intent("b", worst_loss=2 * ONE))
    ledger.now_ns += DAY
    tomorrow = await ledger.reserve(intent("c", worst_loss=2 * ONE))

    assert (today.code, tomorrow.code) == ("DAILY_LOSS_LIMIT", "")


async def test_the_eleventh_open_basket_is_refused(ledger: Ledger) -> None:
    """Ten is the limit, and an ended basket makes room."""
    await ledger.open(positions=10)
    for n in range(10):
        assert (await ledger.reserve(intent(f"n{n}"))).code == ""

    refused = await ledger.reserve(intent("eleventh"))
    await ledger.void(intent("n3"))
    accepted = await ledger.reserve(intent("twelfth"))

    assert refused.message == "Max open positions reached: 10 open of at most 10"
    assert accepted.code == ""


async def test_without_a_report_of_the_wallet_there_is_no_capital(ledger: Ledger) -> None:
    """Closed books mean a capital of 0."""
    await ledger.acquire()

    assert (await ledger.reserve(intent("a"))).code == "CAPITAL_LIMIT"


async def test_capital_is_what_the_wallet_holds_less_reservations(ledger: Ledger) -> None:
    """The last micro can be reserved, one more cannot."""
    await ledger.open(50 * ONE)
    await ledger.reserve(intent("a", reserved=30 * ONE))

    over = await ledger.reserve(intent("b", reserved=20 * ONE + 1))
    exact = await ledger.reserve(intent("c", reserved=20 * ONE))

    assert over.message == ("Not enough capital: reserved 30 + this 20.000001 > collateral 50")
    assert exact.code == ""


async def test_spending_moves_capital_from_held_to_spent_once(ledger: Ledger) -> None:
    """What fills paid is neither in the wallet nor held a second time."""
    await ledger.open(50 * ONE)
    basket = intent("a", reserved=20 * ONE)
    await ledger.reserve(basket)
    await ledger.record(execution(basket, BasketState.SETTLING, fills=both_legs(basket)))

    after = await ledger.portfolio()
    next_one = await ledger.reserve(intent("b", reserved=30 * ONE))

    assert (after.collateral_micros, after.reserved_micros) == (41 * ONE, 11 * ONE)
    assert next_one.code == ""


async def test_the_bankroll_counts_full_reservations(ledger: Ledger) -> None:
    """Money that was spent still belongs to the part of the wallet that may be used."""
    await ledger.open(bankroll=30 * ONE)
    basket = intent("a", reserved=20 * ONE)
    await ledger.reserve(basket)
    await ledger.record(execution(basket, BasketState.SETTLING, fills=both_legs(basket)))

    answer = await ledger.reserve(intent("b", reserved=11 * ONE))

    assert answer.message == "Bankroll reached: reserved 20 + this 11 > 30"


async def test_exploration_has_a_budget_a_day(ledger: Ledger) -> None:
    """Spent today, whole again tomorrow; other baskets do not touch it."""
    await ledger.open(exploration=3 * ONE)
    await ledger.reserve(intent("a", exploration=True, worst_loss=2 * ONE))

    refused = await ledger.reserve(intent("b", exploration=True, worst_loss=2 * ONE))
    other = await ledger.reserve(intent("c", worst_loss=2 * ONE))
    ledger.now_ns += DAY
    tomorrow = await ledger.reserve(intent("d", exploration=True, worst_loss=2 * ONE))

    assert refused.message == "Exploration budget spent: today 2 + this 2 > 3"
    assert (other.code, tomorrow.code) == ("", "")
    assert (await ledger.portfolio()).exploration_today_micros == 2 * ONE


async def test_without_an_exploration_cap_there_is_no_budget(ledger: Ledger) -> None:
    """Paper trading explores freely."""
    await ledger.open(daily_loss=10**12)

    answer = await ledger.reserve(intent("a", exploration=True, worst_loss=10**9))

    assert answer.code == ""


async def test_an_event_has_one_open_basket(ledger: Ledger) -> None:
    """The second waits until the first has ended."""
    await ledger.open()
    first = intent("a", event="same")
    await ledger.reserve(first)

    second = await ledger.reserve(intent("b", event="same"))
    await ledger.record(completed(first))
    third = await ledger.reserve(intent("c", event="same"))

    assert (second.code, third.code) == ("ALREADY_OPEN", "")


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        ({"daily_loss": ONE}, "DAILY_LOSS_LIMIT"),
        ({"positions": 0}, "OPEN_POSITIONS_LIMIT"),
        ({"bankroll": ONE}, "CAPITAL_LIMIT"),
        ({"exploration": ONE}, "EXPLORATION_LIMIT"),
    ],
)
async def test_when_one_limit_has_no_room_no_limit_is_touched(
    ledger: Ledger, limits: dict[str, int], code: str
) -> None:
    """All or none: room elsewhere is not taken."""
    await ledger.open(**limits)
    before = await ledger.limits()

    answer = await ledger.reserve(intent("a", exploration=True))

    assert answer.code == code
    assert await ledger.limits() == before
    assert await ledger.rows("SELECT * FROM intents") == []


async def test_the_guarded_update_holds_all_limits_or_none(ledger: Ledger) -> None:
    """Were the check in front of it to miss a limit, the statement itself would still refuse."""
    await ledger.open(daily_loss=ONE)
    blind = """CREATE OR REPLACE FUNCTION refusal(bigint, text, boolean, bigint, bigint, date,
        OUT code text, OUT message text) LANGUAGE sql AS 'SELECT NULL::text, NULL::text'"""
    async with ledger.database.connection() as connection:
        await connection.execute("DROP FUNCTION refusal")
        await connection.execute(blind)
    before = await ledger.limits()

    with pytest.raises(AssertionError, match="reserve held 4 of 5 limits"):
        await ledger.reserve(intent("a"))

    assert await ledger.limits() == before


async def test_an_old_epoch_reserves_nothing(ledger: Ledger) -> None:
    """A paused authority that wakes up is too late."""
    await ledger.open()
    await ledger.acquire()

    old = await ledger.reserve(intent("a", epoch=1))
    new = await ledger.reserve(intent("b", epoch=2))

    assert (old.code, new.code) == ("AUTHORITY_LOST", "")


async def test_a_halted_system_reserves_nothing_until_the_reason_is_repeated(
    ledger: Ledger,
) -> None:
    """The halt is read by the reserve itself."""
    await ledger.open()
    await ledger.set_halt(halted=True, reason="the venue is odd")

    halted = await ledger.reserve(intent("a"))
    with pytest.raises(Precondition, match="the venue is odd"):
        await ledger.set_halt(halted=False, reason="the venue is Odd")
    still = await ledger.reserve(intent("b"))
    await ledger.set_halt(halted=False, reason="the venue is odd")
    resumed = await ledger.reserve(intent("c"))

    assert halted.message == "Trading is halted: the venue is odd"
    assert (still.code, resumed.code) == ("HALTED", "")


async def test_a_repeat_returns_the_first_answer_whatever_changed_since(ledger: Ledger) -> None:
    """Reserved stays reserved, refused stays refused, and nothing is held twice."""
    await ledger.open(positions=1)
    yes = await ledger.reserve(intent("a"))
    no = await ledger.reserve(intent("b"))
    await ledger.set_halt(halted=True, reason="later")
    ledger.now_ns += DAY

    assert await ledger.reserve(intent("a")) == yes
    assert await ledger.reserve(intent("b")) == no
    assert (await ledger.limits())["open_positions"] == 1


async def test_one_intent_id_with_two_contents_is_refused(ledger: Ledger) -> None:
    """An id names one basket for ever."""
    await ledger.open()
    await ledger.reserve(intent("a"))

    with pytest.raises(AlreadyExists):
        await ledger.reserve(intent("a", worst_loss=ONE))


async def test_concurrent_reserves_never_exceed_a_limit(ledger: Ledger) -> None:
    """Twenty at once, room for seven: seven."""
    await ledger.open(positions=7)

    answers = await asyncio.gather(*(ledger.reserve(intent(f"n{n}")) for n in range(20)))

    assert sorted(answer.code for answer in answers) == [""] * 7 + ["OPEN_POSITIONS_LIMIT"] * 13
    assert (await ledger.limits())["capital"] == 7 * 20 * ONE


async def test_concurrent_repeats_of_one_intent_are_one_basket(ledger: Ledger) -> None:
    """A retry may overtake the first attempt."""
    await ledger.open()

    answers = await asyncio.gather(*(ledger.reserve(intent("a")) for _ in range(5)))

    assert {answer.code for answer in answers} == {""}
    assert (await ledger.limits())["open_positions"] == 1


async def test_authority_is_acquired_once_per_request(ledger: Ledger) -> None:
    """A repeat returns the same epoch; the next request a higher one."""
    request = pb.AcquireAuthorityRequest(request_id=uid("once"), holder="risk-1")

    epochs = [
        (await ledger.store.acquire_authority(request, ledger.now_ns)).epoch for _ in range(2)
    ]

    assert epochs == [1, 1]
    assert await ledger.acquire() == 2


async def test_a_request_id_with_another_content_is_refused(ledger: Ledger) -> None:
    """The first answer does not belong to a different question."""
    first = pb.SetHaltRequest(request_id=uid("r"), halted=True, reason="one")
    second = pb.SetHaltRequest(request_id=uid("r"), halted=True, reason="two")
    await ledger.store.set_halt(first, ledger.now_ns)

    with pytest.raises(AlreadyExists):
        await ledger.store.set_halt(second, ledger.now_ns)


async def test_voiding_releases_a_basket_of_which_nothing_was_sent(ledger: Ledger) -> None:
    """Everything held is free again, once."""
    await ledger.open()
    before = await ledger.limits()
    await ledger.reserve(intent("a"))

    await ledger.void(intent("a"))
    await ledger.void(intent("a"))

    assert await ledger.limits() == before
    assert await ledger.rows("SELECT DISTINCT state FROM orders") == [("CANCELED",)]


async def test_a_basket_with_a_sent_order_cannot_be_voided(ledger: Ledger) -> None:
    """Its outcome is the venue's to say."""
    await ledger.open()
    basket = intent("a")
    await ledger.reserve(basket)
    await ledger.record(execution(basket, BasketState.WORKING, order_state=OrderState.SENT))

    with pytest.raises(Precondition, match="an order was sent"):
        await ledger.void(basket)


async def test_an_unknown_basket_is_not_found(ledger: Ledger) -> None:
    """There is nothing to void and nothing to add orders to."""
    with pytest.raises(NotFound):
        await ledger.void(intent("nobody"))


def _remedy(
    basket: Intent, *, price: int = 450_000, size: int = 10 * ONE, attempt: int = 1
) -> PlannedOrder:
    leg = basket.opportunity.legs[0]
    return planned("a", leg, 0, attempt, size=size, price=price)


async def test_a_remedy_inside_its_envelope_is_stored_once(ledger: Ledger) -> None:
    """A repeat under another request_id changes nothing."""
    await ledger.open()
    basket = intent("a")
    await ledger.reserve(basket)

    await ledger.remedy(basket, _remedy(basket))
    await ledger.remedy(basket, _remedy(basket))

    assert await ledger.rows("SELECT attempt, leg FROM orders WHERE attempt > 0") == [(1, 0)]


async def test_a_remedy_outside_its_envelope_is_refused(ledger: Ledger) -> None:
    """Dearer, larger or later than approved is not approved."""
    await ledger.open()
    basket = intent("a")
    await ledger.reserve(basket)

    for order in (
        _remedy(basket, price=470_000),
        _remedy(basket, size=11 * ONE),
        _remedy(basket, attempt=4),
    ):
        with pytest.raises(BadInput):
            await ledger.remedy(basket, order)


async def test_an_attempt_is_one_order(ledger: Ledger) -> None:
    """Two hashes for the same leg and attempt would be two orders."""
    await ledger.open()
    basket = intent("a")
    await ledger.reserve(basket)
    await ledger.remedy(basket, _remedy(basket))
    other = planned("other", basket.opportunity.legs[0], 0, 1, size=ONE, price=450_000)

    with pytest.raises(AlreadyExists):
        await ledger.remedy(basket, other)

    assert other.order_id == hash_of("order", "other", 0, 1)
