"""Pure decisions: values in, values out. No clock, no I/O, no randomness, no asyncio, no logging.

Money is integer micros everywhere: `money`. What is traded: `market`, `book`, `fees`. What is found:
`arbitrage`, `opportunity`, `certificate`. How much is staked: `kelly`. What is sent: `order`.
What can go wrong: `errors`.
"""
