"""`polyarb explain`: why a basket was approved or refused, what it can lose, and what became of it.

Everything is told from what the ledger stored; the proof is checked again here, world by world.
"""
