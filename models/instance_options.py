"""The options of ``affinity-unet``, and what follows from them: outputs, and the decoder of these."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

from ..benchmark.contracts.basics import STRICT, OptionValue
from ..benchmark.contracts.data import ExtraOutput
from ..benchmark.contracts.errors import UsageError
from .smp_options import EncoderOptions

DISTANCES: Final = re.compile(r"[1-9][0-9]{0,2}(\+[1-9][0-9]{0,2}){0,9}")
LARGEST_PX: Final = 8.0
"""Distances to a boundary are cut off there, px."""
DECODERS: Final = {"affinities": "mutex-watershed", "boundaries": "boundary-watershed"}
"""What finds objects by each target, unless told otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AffinityUNetOptions(EncoderOptions):
    """Options of ``affinity-unet``.

    Raises:
        UnknownNameError: There is no such encoder.
        UsageError: The encoder cannot serve the decoder, or the offsets are no distances.
    """

    __pydantic_config__ = STRICT
    decoder = "Unet"

    target: Literal["affinities", "boundaries"] = "affinities"
    """What is learned of objects: whether pixels at offsets from each other are of one object, or boundaries
    and the distance to them."""
    offsets: int | str = "1+3+9+27"
    """Of affinities: steps up and to the left, px."""
    objects: Literal["auto", "mutex-watershed", "waterz", "boundary-watershed", "components"] = "auto"
    """The decoder that finds objects unless the protocol names one; auto: mutex-watershed by affinities,
    boundary-watershed by boundaries."""

    def __post_init__(self) -> None:
        EncoderOptions.__post_init__(self)
        if not DISTANCES.fullmatch(str(self.offsets)):
            raise UsageError(
                f"affinity-unet.offsets: got {self.offsets!r}, expected up to 10 distances in px: 1+3+9."
            )
        needed = {"boundary-watershed": "boundaries", "mutex-watershed": "affinities", "waterz": "affinities"}
        if self.objects in needed and needed[self.objects] != self.target:
            raise UsageError(
                f"affinity-unet.objects: {self.objects} reads {needed[self.objects]}, and the target is "
                f"{self.target}; take another of both."
            )


def outputs(*, target: str, offsets: int | str, **_: OptionValue) -> tuple[ExtraOutput, ...]:
    """Say what the network gives behind its logits.

    Args:
        target: As the options have it.
        offsets: Likewise.
        **_: The other options do not matter.
    """
    if target == "boundaries":
        return (ExtraOutput(kind="boundary"), ExtraOutput(kind="distance", is_logit=False))
    steps = dict.fromkeys(int(step) for step in str(offsets).split("+"))
    return tuple(
        ExtraOutput(kind="affinity", offset=offset) for step in steps for offset in ((-step, 0), (0, -step))
    )


def decoder(*, target: str, objects: str, **_: OptionValue) -> str:
    """Say what finds objects; arguments as of `outputs`."""
    return DECODERS[target] if objects == "auto" else objects
