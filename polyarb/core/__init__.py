"""Pure decisions: values in, values out. No clock, no I/O, no randomness, no asyncio, no logging.

Money is integer micros everywhere: `money`. What is traded: `market`, `book`, `fees`. What is
found: `arbitrage`, `executable`, `opportunity`, `certificate`. How much is staked: `kelly`,
`leg_risk`. What is sent and what comes of it: `order`, `basket`. What can go wrong: `errors`.
"""
