"""How models were tuned: what was tried, what it cost, and what came of it on the test split."""
