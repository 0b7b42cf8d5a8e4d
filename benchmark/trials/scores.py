"""The scores of one trial, for whoever hears that it is complete; imports pandas only when it is asked."""

from __future__ import annotations

from pathlib import Path

from ..contracts.records import Record


def scores_of(record: Record, folder: Path) -> dict[str, float | None]:
    """Read what a complete trial scored on the test cases, by metric.

    A score is the mean over the cases to which the metric applies, then over the foreground classes: what
    a leaderboard shows of one seed whose cases all models have in common.

    Args:
        record: Of the trial, as `emseg_trial_finished` hears of it.
        folder: What the trial left behind.

    Returns:
        Scores in the metric's unit, None where one is undefined; empty for a trial that failed.

    Raises:
        StoreError: The trial's table of cases is damaged.
    """
    if record.status != "complete":
        return {}
    from ..evaluation.aggregation import primary_score
    from ..files.store import TrialFolder
    from .result_tables import SCORES, read_table

    found = TrialFolder(folder)
    cases, protocol = read_table(found.own(found.cases), SCORES), record.spec.protocol
    return {
        metric.name: primary_score(cases, metric.name, skips_undefined=protocol.skips_undefined)
        for metric in record.spec.metrics
    }
