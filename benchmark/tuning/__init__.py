"""Tuning: a study for every model and dataset, whose trials open no test split."""
