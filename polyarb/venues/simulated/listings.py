"""What the simulated venue lists: names, rules, first probabilities. The same under every seed.

Each event is here because a detector meets its kind at the real venue; `Kind` says which.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Final


class Kind(Enum):
    """What an event is, whatever its listing makes of it.

    DECIDED: complete, and its rules leave no way to end without a winner.
    OPEN_ENDED: complete, but nobody may win.
    AUGMENTED: outcomes may still be named. TRUNCATED: some of its questions are not listed.
    NESTED: several markets, each of which implies every likelier one. BINARY: one market.
    PAUSED: likewise, and it takes no orders.
    SECOND_PROTOCOL: a market of the venue's other protocol.
    """

    DECIDED = "DECIDED"
    OPEN_ENDED = "OPEN_ENDED"
    AUGMENTED = "AUGMENTED"
    TRUNCATED = "TRUNCATED"
    NESTED = "NESTED"
    BINARY = "BINARY"
    PAUSED = "PAUSED"
    SECOND_PROTOCOL = "SECOND_PROTOCOL"


@dataclass(frozen=True, slots=True)
class Category:
    """Fees of a category. rate_micros: 50_000 is 0.05. rebate_micros: the makers' share of it."""

    name: str
    rate_micros: int
    rebate_micros: int


CRYPTO: Final = Category("Crypto", 70_000, 200_000)
SPORTS: Final = Category("Sports", 50_000, 150_000)
ECONOMICS: Final = Category("Economics", 50_000, 250_000)
CULTURE: Final = Category("Culture", 50_000, 250_000)
WEATHER: Final = Category("Weather", 50_000, 250_000)
POLITICS: Final = Category("Politics", 40_000, 250_000)
GEOPOLITICS: Final = Category("Geopolitics", 0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """One event as it will be listed.

    question: with {} for the outcome. outcomes: label and first probability in micros, in
    question order. unnamed: placeholders at the end, with the probability of each.
    unlisted: likewise, but on chain only.
    labels: what the two outcome tokens are called.
    market_slug, market_rules: each market's own, with {} for the outcome; "" where markets are
    numbered, or share the event's rules. implied_by: slug of the market of an earlier event that
    cannot be YES without this one. seconds: until the flow resolves the event, if not 0.
    """

    slug: str
    title: str
    kind: Kind
    category: Category
    tick_size: int
    rules: str
    question: str
    outcomes: tuple[tuple[str, int], ...]
    unnamed: tuple[int, ...] = ()
    unlisted: tuple[int, ...] = ()
    labels: tuple[str, str] = ("Yes", "No")
    days: int = 30
    taker_delay_ms: int = 0
    market_slug: str = ""
    market_rules: str = ""
    implied_by: str = ""
    seconds: int = 0


_UP_DOWN: Final = (
    'Resolves to "Up" if the {0} price at the end of the window is greater than or equal to the '
    'price at its beginning, otherwise to "Down". The source is the venue\'s {0}/USD stream.'
)


def _up_down(name: str, code: str, *, kind: Kind, fair: int, tick_size: int) -> Template:
    return Template(
        slug=f"{code}-up-or-down-this-hour",
        title=f"{name} up or down this hour?",
        kind=kind,
        category=CRYPTO,
        tick_size=tick_size,
        rules=_UP_DOWN.format(name),
        question=f"{name} up or down this hour?",
        outcomes=(("", fair),),
        labels=("Up", "Down"),
        days=1,
    )


_DECIDED: Final = (
    Template(
        slug="norrland-assembly-most-seats",
        title="Which party wins the most seats in the Norrland assembly?",
        kind=Kind.DECIDED,
        category=POLITICS,
        tick_size=10_000,
        rules=(
            "Resolves to the party with the most seats after the Norrland assembly election. If "
            "two parties have equally many seats, the one with more votes wins; if votes are "
            "equal too, the one first in the alphabet. If no election is held by the end date, "
            "the party with the most seats in the sitting assembly wins. All parties that stand "
            "are listed, so exactly one market resolves to Yes."
        ),
        question="Will {} win the most seats in the Norrland assembly?",
        outcomes=(
            ("Harbour Party", 365_000),
            ("Union of Valleys", 275_000),
            ("Green Coast", 165_000),
            ("Civic List", 115_000),
            ("Farmers' League", 80_000),
        ),
    ),
    Template(
        slug="castle-candidates-winner",
        title="Castle Candidates tournament winner",
        kind=Kind.DECIDED,
        category=SPORTS,
        tick_size=1_000,
        rules=(
            "Resolves to the winner of the Castle Candidates. Eight players take part, all of "
            "them listed; there are no substitutes. Ties are broken by the tournament's rules, "
            "at last by lot. If the tournament ends early, the player leading the table under "
            "the same tie-breaks wins. There is a winner in every case."
        ),
        question="Will {} win the Castle Candidates?",
        outcomes=(
            ("Ana Brandt", 268_000),
            ("Ilir Kasa", 197_000),
            ("Mei Tanaka", 151_000),
            ("Pavel Horak", 119_000),
            ("Sofia Lind", 96_000),
            ("Ravi Menon", 74_000),
            ("Jonas Weir", 53_000),
            ("Tomas Vega", 42_000),
        ),
    ),
    Template(
        slug="lakeland-bank-december-rate",
        title="Lakeland Bank rate decision in December",
        kind=Kind.DECIDED,
        category=ECONOMICS,
        tick_size=1_000,
        rules=(
            "Resolves by the change of the Lakeland Bank's main rate between its November and "
            "December statements, rounded to the nearest 25 basis points, halves upwards. The "
            "four listed ranges cover every number. If there is no December statement by the "
            "end date, the change is zero."
        ),
        question="Will the Lakeland Bank's December decision be: {}?",
        outcomes=(
            ("a cut of 50 points or more", 83_000),
            ("a cut of 25 points", 428_000),
            ("no change", 391_000),
            ("a rise of 25 points or more", 98_000),
        ),
    ),
    Template(
        slug="highest-temperature-in-stormhaven",
        title="Highest temperature in Stormhaven this Sunday",
        kind=Kind.DECIDED,
        category=WEATHER,
        tick_size=10_000,
        rules=(
            "Resolves by the highest temperature of the day at Stormhaven pier, in whole degrees "
            "Celsius. The listed ranges cover every number. If the pier reports nothing, the "
            "nearest reporting station counts, whatever its distance."
        ),
        question="Will the highest temperature in Stormhaven be {}?",
        outcomes=(
            ("4 degrees or below", 65_000),
            ("5 degrees", 145_000),
            ("6 degrees", 275_000),
            ("7 degrees", 265_000),
            ("8 degrees", 165_000),
            ("9 degrees or above", 85_000),
        ),
        days=5,
    ),
    Template(
        slug="three-peaks-relay",
        title="Three Peaks relay: which team finishes first?",
        kind=Kind.DECIDED,
        category=SPORTS,
        tick_size=10_000,
        rules=(
            "Resolves to the team that is placed first in the official result. Three teams "
            "entered and all are listed. Dead heats are decided by the last stage, then by the "
            "lower start number. If the relay is not run by the end date, the lowest start "
            "number wins, so exactly one market resolves to Yes."
        ),
        question="Will {} finish first in the Three Peaks relay?",
        outcomes=(("Team Ember", 445_000), ("Team Fjord", 335_000), ("Team Gale", 220_000)),
        days=3,
    ),
)

_OPEN_ENDED: Final = (
    Template(
        slug="first-bill-signed-this-session",
        title="Which bill is signed first this session?",
        kind=Kind.OPEN_ENDED,
        category=POLITICS,
        tick_size=10_000,
        rules=(
            "Resolves to the listed bill that is signed into law first. If none of them is "
            "signed by the end of the session, every market resolves to No."
        ),
        question="Will the {} be signed first?",
        outcomes=(
            ("Harbour Dredging Act", 385_000),
            ("Night Trains Act", 265_000),
            ("Open Records Act", 175_000),
            ("Winter Fuel Act", 105_000),
        ),
        days=60,
    ),
    Template(
        slug="lantern-festival-grand-prize",
        title="Which film wins the Lantern Festival grand prize?",
        kind=Kind.OPEN_ENDED,
        category=CULTURE,
        tick_size=1_000,
        rules=(
            "Resolves to the film that is given the grand prize. The jury may withhold the "
            "prize; then every market resolves to No."
        ),
        question="Will {} win the Lantern Festival grand prize?",
        outcomes=(
            ("Salt and Iron", 337_000),
            ("The Ninth Ferry", 248_000),
            ("Paper Orchard", 161_000),
            ("Low Tide", 102_000),
            ("Cartographer", 91_000),
        ),
        days=20,
    ),
)

_AUGMENTED: Final = (
    Template(
        slug="next-prime-minister-of-valmark",
        title="Next Prime Minister of Valmark",
        kind=Kind.AUGMENTED,
        category=POLITICS,
        tick_size=1_000,
        rules=(
            "Resolves to the next person sworn in as Prime Minister of Valmark. People may be "
            "added; whoever is not named counts as Other. If nobody is sworn in by the end "
            "date, the market resolves to Other."
        ),
        question="Will {} be the next Prime Minister of Valmark?",
        outcomes=(
            ("Elena Marsh", 391_000),
            ("Oskar Dahl", 282_000),
            ("Nadia Fonseca", 158_000),
            ("Peter Quill", 87_000),
            ("Other", 52_000),
        ),
        unnamed=(15_000, 15_000),
        days=120,
    ),
    Template(
        slug="civic-party-nominee",
        title="Civic Party nominee",
        kind=Kind.AUGMENTED,
        category=POLITICS,
        tick_size=10_000,
        rules=(
            "Resolves to the nominee of the Civic Party. People may be added; whoever is not "
            "named counts as Other."
        ),
        question="Will {} be the Civic Party nominee?",
        outcomes=(
            ("Grace Oduya", 345_000),
            ("Henrik Moss", 265_000),
            ("Lucia Ferro", 185_000),
            ("Adam Pike", 115_000),
            ("Other", 60_000),
        ),
        unnamed=(10_000, 10_000, 10_000),
        days=300,
    ),
)

_TRUNCATED: Final = (
    Template(
        slug="continental-hoops-champion",
        title="Continental Hoops champion",
        kind=Kind.TRUNCATED,
        category=SPORTS,
        tick_size=1_000,
        rules=(
            "Resolves to the club that wins the Continental Hoops final. The competition always "
            "ends with a champion."
        ),
        question="Will {} be the Continental Hoops champion?",
        outcomes=(
            ("Ironport", 187_000),
            ("Silver Bay", 142_000),
            ("Redcliff", 121_000),
            ("Northgate", 93_000),
            ("Lakeside", 77_000),
        ),
        unlisted=(60_000, 60_000, 55_000, 55_000, 50_000, 50_000, 50_000),
        days=200,
    ),
)

_BINARY: Final = (
    _up_down("Bitcoin", "btc", kind=Kind.BINARY, fair=515_000, tick_size=10_000),
    _up_down("Ether", "eth", kind=Kind.BINARY, fair=475_000, tick_size=10_000),
    _up_down("Solana", "sol", kind=Kind.BINARY, fair=552_000, tick_size=1_000),
    Template(
        slug="valmark-treaty-signed-this-year",
        title="Treaty between Valmark and Ostia signed this year?",
        kind=Kind.BINARY,
        category=GEOPOLITICS,
        tick_size=1_000,
        rules="Resolves to Yes if both governments sign the treaty by the end of the year.",
        question="Treaty between Valmark and Ostia signed this year?",
        outcomes=(("", 214_000),),
        days=39,
    ),
    Template(
        slug="ironport-beat-redcliff",
        title="Ironport vs. Redcliff",
        kind=Kind.BINARY,
        category=SPORTS,
        tick_size=10_000,
        rules="Resolves to Ironport if Ironport wins the match, overtime included.",
        question="Ironport vs. Redcliff",
        outcomes=(("", 585_000),),
        labels=("Ironport", "Redcliff"),
        days=1,
        taker_delay_ms=1_000,
    ),
    Template(
        slug="category-five-storm-in-november",
        title="Category five storm makes landfall in November?",
        kind=Kind.BINARY,
        category=WEATHER,
        tick_size=100,
        rules="Resolves to Yes if a storm of category five makes landfall in November.",
        question="Category five storm makes landfall in November?",
        outcomes=(("", 12_300),),
        days=8,
    ),
    Template(
        slug="ferry-strike-ends-this-week",
        title="Ferry strike ends this week?",
        kind=Kind.PAUSED,
        category=POLITICS,
        tick_size=10_000,
        rules="Resolves to Yes if the ferry strike is called off by Sunday. Trading is paused.",
        question="Ferry strike ends this week?",
        outcomes=(("", 500_000),),
        days=7,
    ),
    _up_down("Dogecoin", "doge", kind=Kind.SECOND_PROTOCOL, fair=500_000, tick_size=10_000),
)

TEMPLATES: Final = (*_DECIDED, *_OPEN_ENDED, *_AUGMENTED, *_TRUNCATED, *_BINARY)
"""Events whose markets depend on no other event, in the order of their numbers."""


def rolling(serial: int) -> Template:
    """Return the short-lived event number `serial` (0..), which may end without a winner."""
    return Template(
        slug=f"sprint-heat-{serial}",
        title=f"Sprint heat {serial}",
        kind=Kind.OPEN_ENDED,
        category=SPORTS,
        tick_size=10_000,
        rules=(
            "Resolves to the runner who wins the heat. If the heat is abandoned or ends in a "
            "dead heat, every market resolves to No."
        ),
        question="Will {} win sprint heat " + str(serial) + "?",
        outcomes=(("lane 1", 435_000), ("lane 2", 325_000), ("lane 3", 185_000)),
    )
