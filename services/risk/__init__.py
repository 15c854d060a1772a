"""Risk: the one authority that says which opportunities are traded, and how large.

Owns: limits, sizing, the halt. Holds no books: an opportunity carries what is needed to judge it.
Serves: WatchDecisions, Evaluate (what-if), GetState, Halt, Resume.
Calls: scanner (watches), ledger (Reserve, WatchPortfolio, decisions), executor (Execute, wallet).

When the scanner is down: nothing is decided. When the ledger is down: nothing is approved, because
capital cannot be held; opportunities are refused with LEDGER_UNAVAILABLE. When the executor is
down: refused with VENUE_UNAVAILABLE; an intent already reserved reaches it from the ledger.
When another risk process takes over: this one's epoch is refused and it approves nothing more.
"""
