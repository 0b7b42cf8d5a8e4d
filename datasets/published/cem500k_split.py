"""How CEM500K divided its benchmarks (Conrad & Narayan 2021, doi 10.7554/eLife.65894); RETINA took that over.

All that was published to train on trained, and the last training state was taken: no image chose one.  The
engine wants a val split all the same, so sections stand in that do no harm: those that were left out, or one
that trains too.  Scores during training say little then, and scores of the test split are as published.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from ...benchmark.contracts.data import Split
from ..collection.division import Division, Piece
from ..idle_options import refuse_idle
from .cutting import slices_along, whole
from .options import OfficialOptions
from .splitting import of_part

if TYPE_CHECKING:
    from ...benchmark.contracts.published import ConvertedVolume
    from .rules import Rules

SPLIT: Final = "cem500k-2021"


@dataclass(frozen=True, slots=True)
class Cem500kSplit:
    """A `NamedSplit`, as the value of `SPLIT` in `OfficialSplits.others`."""

    sliced: bool = False
    """Whether training slices were cut from volumes, by a program that forgot the last along each axis."""
    relabel: tuple[tuple[int, int], ...] = ()
    """Labels that were read as others: (stored, read) pairs."""

    def __call__(
        self, volumes: Sequence[ConvertedVolume], options: OfficialOptions, rules: Rules
    ) -> Division[ConvertedVolume]:
        """Divide.

        Raises:
            UsageError: An option does nothing.
        """
        refuse_idle(options, ("val_share", "gap"), f"split={SPLIT} is as it was published")
        train, val, test = (of_part(volumes, part) for part in ("train", "val", "test"))
        trained, left_out = _slices(train, rules.train_axes, drop_last=self.sliced)
        if val:
            left_out, _ = _slices(val, (0,), drop_last=self.sliced)
            note = "The part that was published to validate on is the val split."
        elif left_out:
            note = "The val split is the last slices of the training volumes, left out."
        else:
            left_out = trained[-1:]
            note = "The val split is the last training section, which trains too."
        tested = [piece for volume in test for piece in whole(volume).cases(rules.scored)]
        pieces: list[tuple[Split, list[Piece[ConvertedVolume]]]]
        pieces = [("train", trained), ("val", left_out), ("test", tested)]
        return Division(
            placed=tuple((split, replace(one, relabel=self.relabel)) for split, own in pieces for one in own),
            rule=f"as CEM500K divided it (Conrad & Narayan 2021){', without last slices' * self.sliced}",
            notes=(f"{note} The published work took the last training state; so do not choose one by val.",),
        )


def _slices(
    volumes: Sequence[ConvertedVolume], axes: Sequence[int], *, drop_last: bool
) -> tuple[list[Piece[ConvertedVolume]], list[Piece[ConvertedVolume]]]:
    """Cut volumes into slices; return those that are used, and the last along each axis if they are not."""
    pieces = [piece for volume in volumes for piece in slices_along(whole(volume), axes)]
    last = [drop_last and one.index == one.volume.shape[one.axis] - 1 for one in pieces]
    used = [piece for piece, dropped in zip(pieces, last, strict=True) if not dropped]
    return used, [piece for piece, dropped in zip(pieces, last, strict=True) if dropped]
