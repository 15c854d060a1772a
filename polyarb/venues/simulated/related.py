"""Markets of the simulated venue whose questions imply one another, and what only looks like it.

Fair prices of two such markets lie so far apart that they cannot meet however far each wanders:
makers alone never misprice them.
"""

from typing import Final

from polyarb.venues.simulated.listings import (
    ECONOMICS,
    POLITICS,
    SPORTS,
    WEATHER,
    Kind,
    Template,
)

_STRIKES: Final = Template(
    slug="tidewater-index-close-this-friday",
    title="Where does the Tidewater index close this Friday?",
    kind=Kind.NESTED,
    category=ECONOMICS,
    tick_size=1_000,
    rules=(
        "Each market resolves by the official closing value of the Tidewater index this Friday. "
        "Several of them can resolve to Yes."
    ),
    question="Will the Tidewater index close above {} this Friday?",
    market_slug="tidewater-index-close-above-{}-this-friday",
    market_rules=(
        "Resolves to Yes if the official closing value of the Tidewater index this Friday is "
        "greater than {}, otherwise to No. If there is no session this Friday, the closing value "
        "of the last session before it counts. The source is the exchange's daily bulletin."
    ),
    outcomes=(
        ("980", 742_000),
        ("990", 661_000),
        ("1000", 568_000),
        ("1010", 474_000),
        ("1020", 387_000),
    ),
    days=5,
)

_DATES: Final = Template(
    slug="stonegate-bridge-open-by",
    title="When is the Stonegate bridge open?",
    kind=Kind.NESTED,
    category=POLITICS,
    tick_size=10_000,
    rules=(
        "Each market resolves by the first day on which the Stonegate bridge is open to road "
        "traffic. Several of them can resolve to Yes."
    ),
    question="Will the Stonegate bridge open by {}?",
    market_slug="stonegate-bridge-open-by-{}",
    market_rules=(
        "Resolves to Yes if the Stonegate bridge is open to road traffic at any time up to the "
        "end of {}, harbour time, otherwise to No. That it is closed again later changes "
        "nothing. The source is the harbour authority's register."
    ),
    outcomes=(
        ("March 31", 155_000),
        ("June 30", 305_000),
        ("September 30", 485_000),
        ("December 31", 655_000),
    ),
    days=400,
)

_MINUTES: Final = Template(
    slug="evening-ferry-docks-by",
    title="When does the evening ferry dock?",
    kind=Kind.NESTED,
    category=WEATHER,
    tick_size=10_000,
    rules=(
        "Each market resolves by the minute at which the evening ferry makes fast. Several of "
        "them can resolve to Yes."
    ),
    question="Will the evening ferry dock by {}?",
    market_slug="evening-ferry-dock-by-{}",
    market_rules=(
        "Resolves to Yes if the evening ferry has made fast at {} or earlier, otherwise to No. A "
        "ferry that does not sail has not made fast. The source is the pier's log."
    ),
    outcomes=(("20:10", 245_000), ("20:20", 435_000), ("20:40", 635_000)),
    seconds=150,
)

_MONTHS: Final = Template(
    slug="old-mill-tunnel-reopens-in",
    title="When does the Old Mill tunnel reopen?",
    kind=Kind.OPEN_ENDED,
    category=POLITICS,
    tick_size=10_000,
    rules=(
        "Resolves to the month in which the Old Mill tunnel is reopened to road traffic for the "
        "first time. If that is none of the listed months, every market resolves to No."
    ),
    question="Will the Old Mill tunnel reopen in {}?",
    market_slug="old-mill-tunnel-reopen-in-{}",
    market_rules=(
        "Resolves to Yes if the first day on which the Old Mill tunnel is reopened to road "
        "traffic lies in {}, otherwise to No."
    ),
    outcomes=(("March", 235_000), ("April", 325_000), ("May", 225_000), ("June", 145_000)),
    days=220,
)
"""Dates, but exclusive ones: whoever takes it for a ladder sees an arbitrage at any time."""

_CUP: Final = Template(
    slug="harvest-cup-winner",
    title="Harvest Cup winner",
    kind=Kind.OPEN_ENDED,
    category=SPORTS,
    tick_size=1_000,
    rules=(
        "Resolves to the club that wins the Harvest Cup. Only the four clubs of the semi-finals "
        "can. If the cup is not awarded, every market resolves to No."
    ),
    question="Will {} win the Harvest Cup?",
    market_slug="{}-win-the-harvest-cup",
    market_rules=(
        "Resolves to Yes if the Harvest Cup is awarded to {} for winning the final, extra time "
        "and penalties included, otherwise to No. A cup awarded without a final counts as not "
        "awarded."
    ),
    outcomes=(
        ("Ironport", 291_000),
        ("Redcliff", 254_000),
        ("Northgate", 213_000),
        ("Silver Bay", 187_000),
    ),
    days=10,
)

_FINAL: Final = Template(
    slug="ironport-reach-the-harvest-cup-final",
    title="Ironport in the Harvest Cup final?",
    kind=Kind.BINARY,
    category=SPORTS,
    tick_size=1_000,
    rules=(
        "Resolves to Yes if Ironport play in the final of the Harvest Cup, otherwise to No. A "
        "final that is begun counts, however it ends."
    ),
    question="Will Ironport reach the Harvest Cup final?",
    outcomes=(("", 397_000),),
    implied_by="ironport-win-the-harvest-cup",
    days=10,
)

RELATED: Final = (_STRIKES, _DATES, _MINUTES, _MONTHS, _CUP, _FINAL)
"""Listed from the start, after all others; a market comes after whatever implies it."""
