"""Test images that take long: what is known of one is kept, so that a killed trial goes on within it.

Nothing is written of one that ends before it is time to (`kept_sums.SECONDS`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import nn

from ..contracts.data import Case
from ..contracts.errors import DataError, TrialError
from ..evaluation.kept_sums import KeptSums
from ..evaluation.segmenter import Segmenter
from ..evaluation.working import Work
from ..files.hashing import sha256_of
from ..files.store import TrialFolder


@dataclass(slots=True)
class BegunCases:
    """Keeps the sums over a test image's windows in the trial's scratch folder until the case is scored."""

    folder: TrialFolder
    fingerprint: str
    """Of the trial: names code, data, classes, recipe and protocol."""
    on_windows: Callable[[int], None]
    """Hears how many windows need not be seen again."""
    _weights: str = field(default="", init=False)

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
        work = Work(place, lambda: self._key(case, segmenter))
        kept = KeptSums(work, f"by{segmenter.batch_size}")
        if kept.done:
            self.on_windows(kept.done)
        try:
            yield kept
        except (DataError, TrialError):
            work.remove()
            raise
        work.remove()

    def _key(self, case: Case, segmenter: Segmenter) -> str:
        """Name all that decides the sums; threads and torch's version decide how they are rounded."""
        self._weights = self._weights or _sha256_of_state(segmenter.model)
        return sha256_of(
            {
                "trial": self.fingerprint,
                "weights": self._weights,
                "case": [case.id, case.sha256],
                "device": torch.device(segmenter.device).type,
                "threads": torch.get_num_threads(),
                "torch": torch.__version__,
            }
        )


def _sha256_of_state(network: nn.Module) -> str:
    """Hash a network's weights, buffers included, by their names, types and bytes."""
    digest = hashlib.sha256()
    for name, tensor in network.state_dict().items():
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        digest.update(np.ascontiguousarray(tensor.detach().cpu().reshape(-1).view(torch.uint8).numpy()).data)
    return digest.hexdigest()
