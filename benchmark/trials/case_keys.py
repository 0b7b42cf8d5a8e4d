"""Names of all that decides what a trial finds of a test case; what was kept counts under the same alone."""

from __future__ import annotations

import hashlib

import numpy as np
import torch
from torch import nn

from ..contracts.data import Case
from ..contracts.records import TrialSpec
from ..files.hashing import sha256_of
from ..plugins.libraries import libraries_of


class CaseKeys:
    """Makes them.

    Args:
        fingerprint: Of the trial: names code, data, classes, recipe and protocol.
        spec: Of the trial; the versions of the libraries that it takes count, too.
        network: Trained.
        device: Where it computes; its type counts, and so does the number of threads.
    """

    def __init__(self, fingerprint: str, spec: TrialSpec, network: nn.Module, device: str) -> None:
        self._common = sha256_of(
            {
                "trial": fingerprint,
                "weights": _sha256_of_state(network),
                "device": torch.device(device).type,
                "threads": torch.get_num_threads(),
                "libraries": libraries_of(spec),
            }
        )

    def of(self, case: Case) -> str:
        """Give a case's."""
        return sha256_of([self._common, case.id, case.sha256])


def _sha256_of_state(network: nn.Module) -> str:
    """Hash a network's weights, buffers included, by their names, types and bytes."""
    digest = hashlib.sha256()
    for name, tensor in network.state_dict().items():
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        digest.update(np.ascontiguousarray(tensor.detach().cpu().reshape(-1).view(torch.uint8).numpy()).data)
    return digest.hexdigest()
