"""Test cases that take long: what is known of one is kept, so that a killed trial goes on within it.

Nothing is written of an image that ends before it is time to (`kept_sums.SECONDS`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ..contracts.data import Case
from ..contracts.errors import DataError, TrialError
from ..evaluation.kept_slices import KeptSlices
from ..evaluation.kept_sums import KeptSums
from ..evaluation.segmenter import Segmenter
from ..evaluation.working import Work
from ..files.hashing import sha256_of
from ..files.store import TrialFolder
from .case_keys import CaseKeys


@dataclass(frozen=True, slots=True)
class BegunCases:
    """Keeps an image's sums over windows, or a volume's slices, in the scratch folder until it is scored."""

    folder: TrialFolder
    keys: CaseKeys
    on_kept: Callable[[int, float], None]
    """Hears how many windows of an image need not be seen again, and how many seconds they took; of a volume,
    whose segmenter tells the windows, the seconds alone."""

    @contextmanager
    def going_on(self, case: Case, segmenter: Segmenter) -> Iterator[KeptSums | KeptSlices]:
        """Give where a case is gone on with.

        What is kept is removed when the context ends, or when nothing can go on from it.

        Raises:
            StoreError: Something of it is a link that leads out of the trial's folder.
        """
        place = self.folder.scratch / "begun" / sha256_of(case.id)[:16]
        for path in (place, *place.rglob("*")):
            self.folder.own(path)  # what is written would follow links
        work = Work(place, lambda: self.keys.of(case))
        is_image = case.depth is None
        kept = KeptSums(work, f"by{segmenter.batch_size}") if is_image else KeptSlices(work)
        windows = kept.done if isinstance(kept, KeptSums) else 0
        if windows or kept.seconds:
            self.on_kept(windows, kept.seconds)
        try:
            yield kept
        except (DataError, TrialError):
            work.remove()
            raise
        work.remove()
