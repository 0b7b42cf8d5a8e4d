"""The encoders of ``vit-seg``: what timm calls them, and which published weights they have.

Importing this module imports neither torch nor timm, for planning and lists use it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

DEFAULT = "vit_small_patch16_dinov3"
STAGES = 4
"""Of Hiera: its maps have a quarter, an eighth, a sixteenth and a thirty-second of the image's side."""
_HIERA = "sam2_hiera_"
_IMAGENETS = ("in1k", "in12k", "in21k", "in22k")
"""How timm's tags name ImageNet's parts."""


@dataclass(frozen=True, slots=True)
class Encoder:
    """What decides how an encoder is used."""

    patch: int
    """Side of the image patch behind one pixel of its last feature map, px."""
    depth: int
    """Maps that it can give: one per block, or per stage of a pyramid."""
    pyramid: bool = False
    """Whether the maps halve their sides from stage to stage."""


@dataclass(frozen=True, slots=True)
class PublishedEncoder:
    """One file of weights that timm publishes."""

    architecture: str
    tag: str

    @property
    def name(self) -> str:
        """What timm and the library of weights call it."""
        return f"{self.architecture}.{self.tag}"

    @property
    def init(self) -> str:
        """Name of the initialisation that uses it; empty: of none."""
        return init_of(self.architecture, self.tag) or ""


def _of(template: str, depths: dict[str, int]) -> dict[str, Encoder]:
    patch = re.search(r"patch(\d+)", template)
    return {
        template.format(size=size): Encoder(int(patch[1]) if patch else 16, depth)
        for size, depth in depths.items()
    }


KNOWN: dict[str, Encoder] = {
    **_of("vit_{size}_patch14_dinov2", {"small": 12, "base": 12, "large": 24, "giant": 40}),
    **_of("vit_{size}_patch14_reg4_dinov2", {"small": 12, "base": 12, "large": 24, "giant": 40}),
    **_of(
        "vit_{size}_patch16_dinov3",
        {"small": 12, "small_plus": 12, "base": 12, "large": 24, "huge_plus": 32, "7b": 40},
    ),
    **_of(
        "vit_{size}_patch16_dinov3_qkvb",
        {"small": 12, "small_plus": 12, "base": 12, "large": 24, "huge_plus": 32},
    ),
    **_of("samvit_{size}_patch16", {"base": 12, "large": 24, "huge": 32}),
    **{
        f"{_HIERA}{size}": Encoder(32, STAGES, pyramid=True)
        for size in ("tiny", "small", "base_plus", "large")
    },
    **_of("vit_{size}_patch16_224", {"small": 12, "base": 12, "large": 24}),
    **_of("vit_{size}_patch14_224", {"huge": 32}),
    **_of("vit_{size}_patch8_224", {"small": 12, "base": 12}),
    **_of("eva02_{size}_patch14_224", {"tiny": 12, "small": 12, "base": 12, "large": 24}),
}
"""Encoders that need not be built to be known; a test holds them against timm."""

_TAGS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (r"vit_\w+_dinov2", ("lvd142m",)),
    (r"vit_(large|7b)_patch16_dinov3(_qkvb)?", ("lvd1689m", "sat493m")),
    (r"vit_(small|small_plus|base|huge_plus)_patch16_dinov3(_qkvb)?", ("lvd1689m",)),
    (r"samvit_\w+", ("sa1b",)),
    (r"sam2_hiera_(tiny|small|base_plus)", ("fb_r896_2pt1", "fb_r896")),
    (r"sam2_hiera_large", ("fb_r1024_2pt1", "fb_r1024")),
    (r"vit_base_patch16_224", ("mae", "dino")),
    (r"vit_(large_patch16|huge_patch14)_224", ("mae",)),
    (r"vit_(small_patch16|small_patch8|base_patch8)_224", ("dino",)),
    (r"eva02_(tiny|small|base)_patch14_224", ("mim_in22k",)),
    (r"eva02_large_patch14_224", ("mim_m38m", "mim_in22k")),
)
"""Foundation models' tags by architecture, the one to prefer first."""


def published() -> Iterator[PublishedEncoder]:
    """Give every file of a foundation model's encoder that is known without a look at timm."""
    for architecture in KNOWN:
        for pattern, tags in _TAGS:
            if re.fullmatch(pattern, architecture):
                yield from (PublishedEncoder(architecture, tag) for tag in tags)


def init_of(architecture: str, tag: str) -> str | None:
    """Name the initialisation that a published file belongs to, by what it was trained on.

    Args:
        architecture: timm's, ``vit_base_patch16_224``.
        tag: timm's, ``mae``.

    Returns:
        ``dinov2``, ``dinov3``, ``sam``, ...; None where it is none of `INITS`.
    """
    for init, of_architecture, of_tag in _INITS:
        if re.search(of_architecture, architecture) and re.fullmatch(of_tag, tag):
            return init
    tuned = not tag.startswith(("mae", "mim")) or "_ft_" in tag
    return "imagenet" if tuned and any(part in tag for part in _IMAGENETS) else None


_INITS = (
    ("dinov2", "dinov2", r"lvd142m"),
    ("dinov3", "dinov3", r"lvd1689m"),
    ("dinov3-sat", "dinov3", r"sat493m"),
    ("sam", "^samvit_", r"sa1b"),
    ("sam2.1", f"^{_HIERA}", r"fb_r\d+_2pt1"),
    ("sam2", f"^{_HIERA}", r"fb_r\d+"),
    ("mae", "^vit_", r"mae"),
    ("dino", "^vit_", r"dino"),
    ("eva02", "^eva02_", r"mim_(in22k|m38m)"),
)
"""Initialisations, the architectures that have them and their tags, as patterns."""
