"""Who is better, how surely, and about what: numbers that sentences, tables and figures are made from."""
