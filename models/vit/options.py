"""The options of ``vit-seg``, and what follows from them without building anything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import MinLen

from ...benchmark.contracts.basics import STRICT
from ...benchmark.contracts.errors import UsageError
from .encoders import DEFAULT, Encoder
from .facts import facts_of

PYRAMIDS = frozenset({"fpn", "dpt"})
"""Decoders that merge four maps, each with half the side of the one before."""
MERGED = 4
"""Maps that these decoders take."""
_EVEN, _LAST = "even", "last"


@dataclass(frozen=True, slots=True, kw_only=True)
class VitSegOptions:
    """Options of ``vit-seg``.

    Raises:
        UnknownNameError: There is no such encoder.
        UsageError: The encoder cannot serve, or has no such layers.
    """

    __pydantic_config__ = STRICT

    encoder: Annotated[str, MinLen(1)] = DEFAULT
    """Any plain vision transformer or Hiera of timm's that takes images of any size, by timm's name."""
    head: Literal["linear", "conv", "fpn", "dpt"] = "conv"
    """What makes logits of its maps: one linear layer per patch; convolutions that double the side step by
    step; a feature pyramid; or the decoder of DPT."""
    layers: Annotated[str, MinLen(1)] = "auto"
    """Whose outputs the head sees: ``last``; ``even``: four, evenly spread; ``3+6+9+12``: of these blocks,
    counted from 1, of Hiera stages.  ``auto``: even for Hiera, for fpn and for dpt, else last."""

    def __post_init__(self) -> None:
        facts = facts_of(self.encoder)
        chosen = chosen_layers(facts, self.head, self.layers)
        if self.head in PYRAMIDS and len(chosen) != MERGED:
            raise UsageError(
                f"vit-seg[head={self.head}] merges {MERGED} maps, got layers={self.layers!r} with "
                f"{len(chosen)}; name {MERGED}, or leave layers out."
            )


def chosen_layers(facts: Encoder, head: str, layers: str) -> tuple[int, ...]:
    """Say which maps a head sees.

    Args:
        facts: Of the encoder.
        head: The option.
        layers: The option.

    Returns:
        Numbers of blocks, or of stages of a pyramid, counted from 0, in rising order.

    Raises:
        UsageError: The option is not of its form, or the encoder has no such block.
    """
    if layers == "auto":
        layers = _EVEN if facts.pyramid or head in PYRAMIDS else _LAST
    if layers == _LAST:
        return (facts.depth - 1,)
    if layers == _EVEN:
        return tuple(facts.depth * (i + 1) // MERGED - 1 for i in range(MERGED))
    numbers = layers.split("+")
    if not all(number.isascii() and number.isdigit() and len(number) < 4 for number in numbers):
        raise UsageError(f"got layers={layers!r}, expected 'auto', 'even', 'last' or numbers: '3+6+9+12'.")
    chosen = tuple(int(number) - 1 for number in numbers)
    if list(chosen) != sorted(set(chosen)) or not 0 <= chosen[0] <= chosen[-1] < facts.depth:
        what = "stages" if facts.pyramid else "blocks"
        raise UsageError(
            f"got layers={layers!r}, expected numbers of {what} in rising order, from 1 to {facts.depth}."
        )
    return chosen


def size_divisor(encoder: str, head: str, layers: str) -> int:  # noqa: ARG001 - all options are given
    """Say what both sides of an image must be multiples of, px, for the fields of `VitSegOptions`."""
    facts = facts_of(encoder)
    return facts.patch * 2 if head in PYRAMIDS and not facts.pyramid else facts.patch
