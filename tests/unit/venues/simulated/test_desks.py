from itertools import pairwise

from polyarb.venues.simulated.desks import Desk, Pair, relations
from polyarb.venues.simulated.quoting import Ladder
from polyarb.venues.simulated.world import ListedEvent, build_world

EVENTS = {e.event.slug: e for e in build_world(0).events}
BRIDGE, FERRY = EVENTS["stonegate-bridge-open-by"], EVENTS["evening-ferry-docks-by"]
STRIKES = EVENTS["tidewater-index-close-this-friday"]
CUP, FINAL = EVENTS["harvest-cup-winner"], EVENTS["ironport-reach-the-harvest-cup-final"]


def _desk(listed: ListedEvent, *, end_ms: int | None = None) -> Desk:
    return Desk(listed, tuple(Ladder(q, q.fair, 5) for q in listed.quoted), end_ms=end_ms)


def _slugs(pairs: list[Pair]) -> list[tuple[str, str]]:
    return [(p.narrow.listing.slug, p.wide.listing.slug) for p in pairs]


def test_neighbours_of_a_ladder_are_paired_narrowest_first() -> None:
    """Strikes are listed widest first; what implies what does not depend on that."""
    (pairs,) = relations([_desk(STRIKES)])

    above = [f"tidewater-index-close-above-{n}-this-friday" for n in (1020, 1010, 1000, 990, 980)]
    assert _slugs(pairs) == list(pairwise(above))


def test_an_implication_across_events_is_a_pair_of_two_desks() -> None:
    """Neither event knows the other."""
    cup, final = _desk(CUP), _desk(FINAL)
    ((pair,),) = relations([final, cup])

    assert _slugs([pair]) == [
        ("ironport-win-the-harvest-cup", "ironport-reach-the-harvest-cup-final")
    ]
    assert pair.desks == (cup, final)


def test_exclusive_events_and_half_an_implication_give_no_pairs() -> None:
    """Months are no ladder, and a conclusion without its premise implies nothing."""
    desks = [
        _desk(EVENTS["old-mill-tunnel-reopens-in"]),
        _desk(FINAL),
        _desk(EVENTS["three-peaks-relay"]),
    ]

    assert list(relations(desks)) == []
    assert [desk.exclusive for desk in desks] == [True, False, True]
    assert not _desk(BRIDGE).exclusive


def test_a_pair_is_free_when_both_its_desks_are_for_long_enough() -> None:
    """A busy desk or one that is resolved too soon holds both back."""
    cup, final, ferry = _desk(CUP), _desk(FINAL), _desk(FERRY, end_ms=1_000)
    (across,), (docked, _) = sorted(relations([cup, final, ferry]), key=len)

    assert across.can_hold_until(10**9)
    assert docked.desks == (ferry,)
    assert docked.can_hold_until(999)
    assert not docked.can_hold_until(1_000)
    cup.busy = True
    assert not across.can_hold_until(1)
