"""Trials: running one, what it leaves behind, and the boards that stored ones make."""
