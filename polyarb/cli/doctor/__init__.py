"""`polyarb doctor`: is everything there that trading needs, and what to do where it is not.

Readers ask the machine, the venue and the chain and keep what they heard as facts; nothing that
they send changes anything. Judgements turn facts into findings and ask nobody.
"""
