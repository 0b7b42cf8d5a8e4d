"""Where TransUNet's weights come from: the archive that RETINA's network knows, or a file of the network.

Importing this module does not import torch, for planning uses it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ..benchmark.contracts.basics import OptionValue
from .retina.weights import PublishedWeights, RetinaFile


class ImageNet21k(PublishedWeights):
    """The archive of the hybrid ViT-B/16, as the library has it for ``retina[hidden=768]``."""

    def obtain(self, options: Mapping[str, OptionValue], location: str | None) -> Path:
        """Give the library's file.

        Raises:
            WeightsUnavailableError: It is not in the library; the message says how to get it there.
            WeightsError: It is, but changed since it was imported.
        """
        return super().obtain({"hidden": 768}, location)


imagenet21k = ImageNet21k("retina", "imagenet21k", "transunet")
file = RetinaFile("transunet")
