"""The record: entries, the fold, the state that it yields, and its proofs (DESIGN 3.2 to 3.6)."""
