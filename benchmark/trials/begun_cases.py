"""Test images that take long: what is known of one is kept, so that a killed trial goes on within it.

Nothing is written of one that ends before it is time to (`kept_sums.SECONDS`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ..contracts.data import Case
from ..contracts.errors import DataError, TrialError
from ..evaluation.kept_sums import KeptSums
from ..evaluation.segmenter import Segmenter
from ..evaluation.working import Work
from ..files.hashing import sha256_of
from ..files.store import TrialFolder
from .case_keys import CaseKeys


@dataclass(frozen=True, slots=True)
class BegunCases:
    """Keeps the sums over a test image's windows in the trial's scratch folder until the case is scored."""

    folder: TrialFolder
    keys: CaseKeys
    on_kept: Callable[[int, float], None]
    """Hears how many windows need not be seen again, and how many seconds they took."""

    @contextmanager
    def going_on(self, case: Case, segmenter: Segmenter) -> Iterator[KeptSums | None]:
        """Give where an image is gone on with; None: a volume begins anew.

        What is kept is removed when the context ends, or when nothing can go on from it.

        Raises:
            StoreError: Something of it is a link that leads out of the trial's folder.
        """
        if case.depth is not None:
            yield None
            return
        place = self.folder.scratch / "begun" / sha256_of(case.id)[:16]
        for path in (place, *place.rglob("*")):
            self.folder.own(path)  # what is written would follow links
        work = Work(place, lambda: self.keys.of(case))
        kept = KeptSums(work, f"by{segmenter.batch_size}")
        if kept.done:
            self.on_kept(kept.done, kept.seconds)
        try:
            yield kept
        except (DataError, TrialError):
            work.remove()
            raise
        work.remove()
