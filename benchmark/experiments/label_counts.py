"""Numbers of labelled images: a way to ask for shares of the training cases, and to tell them.

A count is the share that so many cases are.  So the same images are the same trial, however they were asked
for, and those of a smaller count lie among those of a larger one (`label_fraction.labelled_subset`).
"""

from __future__ import annotations

from collections.abc import Sequence

from ..contracts.errors import UsageError
from ..contracts.records import TrialSpec
from .label_fraction import describe_fraction


def label_shares(
    counts: Sequence[int], shares: Sequence[float], cases: int, dataset: str
) -> tuple[float, ...]:
    """Give the shares of a dataset's training cases that are trained on: those of counts, then the others.

    A count that is as many cases as a share is no second one.

    Args:
        counts: Numbers of cases that were asked for.
        shares: Likewise; all cases where there is neither.
        cases: In the training split.
        dataset: What it is called.

    Raises:
        UsageError: A count is more than there are.
    """
    if counts and max(counts) > cases:
        raise UsageError(
            f"label_counts: got {max(counts):,}, but the training split of {dataset} has {cases:,} labelled "
            f"images (sections of volumes count one by one); ask for at most {cases:,}."
        )
    if not counts:
        return tuple(shares) or (1.0,)
    taken = {number_of(share, cases) for share in shares}
    return (*(count / cases for count in counts if count not in taken), *shares)


def number_of(share: float, cases: int) -> int:
    """Count the cases that `labelled_subset` chooses: rounded down, at least one.

    That function's own code names trials and stays as it is; a test holds the two together.
    """
    return max(1, int(cases * share + 1e-9))


def labelled_images(spec: TrialSpec) -> int | None:
    """Count the training cases that a trial sees the labels of; None: its record does not tell."""
    cases = spec.dataset.training_cases
    return None if cases is None else number_of(spec.label_fraction, cases)


def describe_labels(share: float, cases: int | None) -> str:
    """Say for people how much of the labels is trained on; nothing if it is all.

    Args:
        share: Of the training cases.
        cases: How many there are; None: that is not known.
    """
    if share == 1 or cases is None:
        return describe_fraction(share)
    return f"{number_of(share, cases):,} of {cases:,} labelled images"
