"""Two copies of one stream, however they come, make one stream of books."""

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from polyarb.venues.polymarket.merge import Divergence
from unit.venues.polymarket.twins import World

ACTIONS = st.lists(
    st.sampled_from(
        ["emit0", "emit0", "emit1", "take0", "take1", "take0", "take1", "flip0", "flip1"]
    ),
    max_size=60,
)


def act(world: World, action: str) -> None:
    number = int(action[-1])
    match action[:-1]:
        case "emit":
            world.emit(number)
        case "take":
            world.deliver(number)
        case "flip" if world.up[number]:
            world.cut(number)
        case "flip":
            world.connect(number)
        case "drop":
            world.emit(number, drop=1)
        case "again":
            world.repeat(1)


@settings(max_examples=600, deadline=None)
@given(ACTIONS, st.integers(0, 10**6))
def test_no_interleaving_of_two_links_makes_a_wrong_book(actions: list[str], seed: int) -> None:
    """Every book in use is one that the venue had, and never an older one than before."""
    world = World(Random(seed))

    for action in ["flip0", "flip1", *actions]:
        act(world, action)
        assert not world.wrong(0), action
        assert not world.wrong(1), action


@settings(max_examples=600, deadline=None)
@given(ACTIONS, st.integers(0, 10**6))
def test_what_was_sent_to_a_link_that_stands_is_in_the_books(actions: list[str], seed: int) -> None:
    """Once all has arrived the books are the venue's; with both links down none is in use."""
    world = World(Random(seed))
    for action in ["flip0", "flip1", *actions]:
        act(world, action)
    stands = any(world.up)

    world.drain()

    assert [world.current(0), world.current(1)] == [stands, stands]
    assert [world.usable(0), world.usable(1)] == [stands, stands]
    assert Divergence.CONTRADICTED not in world.counted


@settings(max_examples=600, deadline=None)
@given(ACTIONS, st.integers(0, 10**6))
def test_a_link_may_go_while_the_other_has_caught_up(actions: list[str], seed: int) -> None:
    """Losing one of two links that brought everything voids no book."""
    world = World(Random(seed))
    for action in ["flip0", "flip1"]:
        act(world, action)
    world.drain()

    for action in actions:
        if action.startswith("flip"):
            number = int(action[-1])
            world.drain()
            world.cut(number)
            world.emit(number)
            world.connect(number)
        else:
            act(world, action)
        assert not any((world.wrong(0), world.wrong(1)))

    assert world.voids == 0


FAULTY = st.lists(
    st.sampled_from(
        ["emit0", "emit1", "drop0", "drop1", "again1", "take0", "take1", "take0", "take1"]
    ),
    max_size=60,
)


@settings(max_examples=600, deadline=None)
@given(FAULTY, st.integers(0, 10**6))
def test_messages_that_one_link_leaves_out_are_found(actions: list[str], seed: int) -> None:
    """A link that drops and repeats messages cannot make a lasting wrong book.

    Each message has a millisecond of its own: see what no order can show in `merge`.
    """
    world = World(Random(seed), steps=(1, 3))
    for action in ["flip0", "flip1", *actions]:
        act(world, action)

    world.drain()

    assert world.current(0)
    assert world.current(1)
