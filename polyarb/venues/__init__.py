"""Where polyarb trades.

`base` is the port; `polymarket` speaks the venue's protocol; `simulated` is a venue of our own that
speaks the same protocol, for paper trading and tests; `replay` plays recordings.
"""
