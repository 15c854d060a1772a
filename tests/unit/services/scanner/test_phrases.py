"""What titles say about strikes and time, and what is not read out of them."""

import pytest

from services.scanner.phrases import (
    Question,
    Side,
    Span,
    Strike,
    When,
    read_title,
    within,
    year_in_slug,
)

MICROS = 1_000_000

STRIKES = [
    ("Will Bitcoin be above $100k on June 17?", 100_000, Side.HIGHER),
    ("Bitcoin above 110,000 on June 17?", 110_000, Side.HIGHER),
    ("Will Bitcoin reach $150,000 in January 2026?", 150_000, Side.HIGHER),
    ("Will Bitcoin dip to $80k in January 2026?", 80_000, Side.LOWER),
    ("Will oil fall below $60 by June 30, 2026?", 60, Side.LOWER),
    ("Will WTI hit (HIGH) $105 in May?", 105, Side.HIGHER),
    ("Will WTI hit (LOW) $30 in May?", 30, Side.LOWER),
    ("Over 2.5 goals in Ghana vs. Panama?", 2.5, Side.HIGHER),
    ("Ghana vs. Panama: O/U 2.5", 2.5, Side.HIGHER),
    ("Total Kills Over/Under 48.5 in Game 3?", 48.5, Side.HIGHER),
    ("Spread: Milwaukee Brewers (-1.5)", -1.5, Side.LOWER),
    ("Relay FDV above $1.2B one day after launch?", 1_200_000_000, Side.HIGHER),
    ("Will tariffs generate >$250b in 2025?", 250_000_000_000, Side.HIGHER),
    ("Will Trump deport 2,000,000 or more people?", 2_000_000, Side.HIGHER),
    ("Will GTA 6 cost $100+?", 100, Side.HIGHER),
    ("Highest temperature in Oslo 70°F or higher today?", 70, Side.HIGHER),
    ("Will it be 50°F or below today?", 50, Side.LOWER),
    ("Will Trump deport less than 250,000?", 250_000, Side.LOWER),
    ("Will inflation be greater than -0.3% in May?", -0.3, Side.HIGHER),
    ("Will X gross more than $650 million by January 31, 2023?", 650_000_000, Side.HIGHER),
]


@pytest.mark.parametrize(("title", "value", "narrower"), STRIKES)
def test_strike_is_read_with_its_direction(title: str, value: float, narrower: Side) -> None:
    """Above: the higher is the narrower; below and dipping: the lower."""
    question = read_title(title)

    assert question is not None
    assert question.strike is not None
    assert (question.strike.value, question.strike.narrower) == (round(value * MICROS), narrower)


DAY, WINDOW = Span.DAY, Span.WINDOW
WHENS = [
    ("Will X launch by March 31, 2026?", When(DAY, 2026, 3, 31)),
    ("Will X launch by March 31 2026?", When(DAY, 2026, 3, 31)),
    ("Will X launch by Jan 5th?", When(DAY, None, 1, 5)),
    ("Will X launch before March 1, 2028?", When(DAY, 2028, 2, 29)),
    ("Will X launch before March 1?", When(DAY, None, 2, 28)),
    ("Will X launch before 2027?", When(DAY, 2026, 12, 31)),
    ("GTA VI released before June 2026?", When(DAY, 2026, 5, 31)),
    ("Will X launch by the end of 2026?", When(DAY, 2026, 12, 31)),
    ("Will X launch by end of June?", When(DAY, None, 6, 30)),
    ("Will X launch by 2026-06-30?", When(DAY, 2026, 6, 30)),
    ("Will X launch by June 2026?", When(Span.MONTH, 2026, 6, 30)),
    ("Will X launch by 2027?", When(Span.YEAR, 2027, 12, 31)),
    ("Will X launch in March 2026?", When(WINDOW, 2026, 3, 31, 1)),
    ("Will X launch in May?", When(WINDOW, None, 5, 31, 1)),
    ("Will X launch in 2026?", When(WINDOW, 2026, 12, 31, 12)),
    ("Will the ferry dock by 20:10?", When(Span.CLOCK, None, 20, 10)),
    ("Will the ferry dock by 8:10 PM?", When(Span.CLOCK, None, 20, 10)),
]


@pytest.mark.parametrize(("title", "when"), WHENS)
def test_time_is_read_to_its_last_day(title: str, when: When) -> None:
    """That "before" leaves its day out is part of the reading."""
    question = read_title(title)

    assert question is not None
    assert question.when == when


NOTHING = [
    "Will the Fed increase interest rates by 25 bps after its February meeting?",
    "Will the U.S. collect between $100b and $200b in revenue in 2025?",
    "Will Trump deport 250,000-500,000 people in 2025?",
    "Will Harvey Weinstein be sentenced to no prison time by June 30, 2026?",
    "Will X not launch by June 30, 2026?",
    "Will exactly 3 bills pass by June 30, 2026?",
    "Will bitcoin hit $1m before GTA VI?",
    "Will X win on 2026-05-13?",
    "Who wins, above 5 or below 3?",
    "Will X happen by the June meeting?",
    "Will X launch by February 31, 2026?",
    "Will X be ranked 5 or higher?",
    "2022 NBA Finals: Who will win Celtics vs. Warriors Game 1?",
    "Will X finish above 5th?",
    "",
]


@pytest.mark.parametrize("title", NOTHING)
def test_what_has_no_clear_strike_or_time_is_not_read(title: str) -> None:
    """Exact ranges, denials, basis points, ranks, events named as dates."""
    assert read_title(title) is None


GROWTH = [
    ("Will X launch by June 30, 2026?", True),
    ("Will Bitcoin reach $150k by June 30, 2026?", True),
    ("Will Bitcoin dip to $80k by June 30, 2026?", True),
    ("Will X gross more than $650 million by January 31, 2023?", True),
    ("Will Bitcoin be above $150k by June 30, 2026?", False),
    ("Fewer than 5 strikes by June 30, 2026?", False),
    ("Will X remain president by June 30, 2026?", False),
    ("Will X have the best model by June 30, 2026?", False),
    ("Will the Fed cut 3 times by June 30, 2026?", False),
]


@pytest.mark.parametrize(("title", "monotone"), GROWTH)
def test_more_time_widens_only_what_cannot_be_undone(title: str, monotone: bool) -> None:  # noqa: FBT001
    """A state may end and a count may pass: a later deadline of those is another question."""
    question = read_title(title)

    assert question is not None
    assert question.monotone is monotone


def test_stem_is_what_two_rungs_share() -> None:
    """Strike and time are marked, case and blanks do not count."""
    one, other = (
        read_title("Will BTC reach $150k by June 30, 2026?"),
        read_title("Will btc  reach $1.5M before 2027? "),
    )

    assert one is not None
    assert other is not None
    assert one.stem == other.stem == "will btc reach # <when>"


def test_question_without_a_time_takes_its_event_s() -> None:
    """The title "How many … in 2025?" dates its outcome "… 2,000,000 or more"."""
    bare = Question("deport # or more", Strike(1, Side.HIGHER, local=False), None, monotone=True)

    found = within(bare, "How many people in 2025?")

    assert (found.stem, found.when) == ("deport # or more <when>", When(WINDOW, 2025, 12, 31, 12))


@pytest.mark.parametrize("title", ["How many people?", "How many in 2025 by June 30?"])
def test_event_without_one_clear_window_gives_none(title: str) -> None:
    """Nothing is guessed."""
    bare = Question("deport # or more", Strike(1, Side.HIGHER, local=False), None, monotone=True)

    assert within(bare, title) == bare


@pytest.mark.parametrize(
    ("slug", "year"),
    [
        ("x-by-june-30-2026-554", 2026),
        ("x-by-jun-30-2027", 2027),
        ("x-by-june-30", None),
        ("x-by-july-30-2026", None),
        ("x-by-june-3-2026", None),
    ],
)
def test_year_of_a_slug_must_follow_the_very_day(slug: str, year: int | None) -> None:
    """Other numbers in a slug are not years."""
    assert year_in_slug(slug, When(DAY, None, 6, 30)) == year
