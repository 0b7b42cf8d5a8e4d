"""The sizes that decide RETINA's network: its parameter names and shapes follow from them alone."""

from __future__ import annotations

from dataclasses import dataclass

from ...benchmark.contracts.errors import UsageError

PATCH = 16
"""Side of the image patch behind one token, px; both input sides must be multiples of it."""

NATIVE_GRID = 14
"""Side of the published position-embedding grid: 224 px / 16 px."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TransUNetConfig:
    """One variant of the network.

    Raises:
        UsageError: A size is not positive, or `heads` does not divide `hidden`.
    """

    hidden: int = 192
    """Width of a token; the MLP is four times as wide."""
    layers: int = 12
    """Transformer blocks."""
    heads: int = 12
    """Attention heads; 12 in every published variant, and not to be told from a weight file."""
    grid: int = NATIVE_GRID
    """Side of the stored position-embedding grid; other inputs use it interpolated."""
    num_classes: int = 1
    """Output channels of the segmentation head."""
    reconstruction: bool = False
    """Pre-training: return ``FinalDecoder``'s 1-channel image and leave the segmentation head unused."""

    def __post_init__(self) -> None:
        for name in ("hidden", "layers", "heads", "grid", "num_classes"):
            if getattr(self, name) < 1:
                raise UsageError(f"retina: {name} must be at least 1, got {getattr(self, name)}")
        if self.hidden % self.heads:
            raise UsageError(f"retina: hidden must be a multiple of heads={self.heads}, got {self.hidden}")

    @property
    def mlp(self) -> int:
        """Width of the transformer's hidden MLP layer."""
        return 4 * self.hidden
