"""A volume, segmented in pieces of whole slices: on one device or several, and gone on with after a kill.

Where pieces end follows from the volume and the settings alone, and is where a batch of windows ends, so that
which piece is computed where, and when, changes no label.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np

from ..contracts.errors import TrialError
from ..evaluation.inference import inference
from ..evaluation.neighbours import reach
from ..evaluation.overlapped import read_ahead, write_behind
from ..evaluation.placing import AXES, NAMES, round_up
from ..evaluation.postprocessing import tidy
from ..evaluation.scratch import scratch_array
from ..evaluation.segmenter import Segmenter
from ..evaluation.slabs import Slabs, fitting, reads
from ..evaluation.votes import decide, votes
from ..evaluation.working import InMemory, RawArray, Work
from .answers import DECODED, answers, of_votes
from .asked import Asked
from .ensemble import Ensemble, combined, to_probabilities
from .inference_settings import InferenceSettings

Array: TypeAlias = np.ndarray[Any, Any]

MOST_SLICES: Final = 32
"""Of a piece, or one batch: so much is computed anew after a kill."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Some slices along an axis."""

    axis: int
    start: int
    stop: int

    @property
    def name(self) -> str:
        """As it is noted."""
        return f"{NAMES[self.axis]}-{self.start}-{self.stop}"


class VolumePieces:
    """One volume's work.

    Args:
        volume: (Z, Y, X), uint8 or float32 between 0 and 1.
        setting: With which networks, and how.
        asked: What is wanted.
        work: Takes what is found.
        scratch: Folder for a copy of what cannot be read along all axes.
    """

    def __init__(
        self, volume: Slabs, setting: InferenceSettings, asked: Asked, work: Work | InMemory, scratch: Path
    ) -> None:
        self._volume, self._setting, self._asked, self._work = volume, setting, asked, work
        self._scratch, self._axes, self._steps = scratch, AXES[setting.axes], setting.made_steps
        logits = setting.weights.num_logits
        self.arrays = _arrays(work, volume.shape, setting, asked)
        self._sums = [
            work.mapped(f"votes-{NAMES[axis]}", (logits, *volume.shape)) for axis in self._axes if axis
        ]

    def run(
        self, ensembles: Sequence[Ensemble], on_slice: Callable[[], None] = lambda: None
    ) -> Mapping[str, RawArray | Array]:
        """Segment all that is not done yet, a piece at a time on each device; return the arrays.

        Raises:
            DataError: The volume cannot be read.
            TrialError: A network's output is wrong; says where.
        """
        array = self._volume if self._axes == (0,) else _anywhere(self._volume, self._scratch)
        for axis in self._axes:
            pieces = [*self._pieces(axis, ensembles[0].members[0])]
            todo = [piece for piece in pieces if not self._work.is_done(piece.name)]
            for piece in pieces:
                if piece not in todo:
                    _call(on_slice, piece.stop - piece.start)
            _share_out(todo, ensembles, partial(self._take, array, on_slice), self._setting)
        return self.arrays

    def _pieces(self, axis: int, segmenter: Segmenter) -> Iterator[Piece]:
        number = self._volume.shape[axis]
        plane = [side for other, side in enumerate(self._volume.shape) if other != axis]
        step = _slices(segmenter, plane, sum(math.prod(one.shape[1:]) for one in self.arrays.values()))
        for start in range(0, number, step):
            yield Piece(axis, start, min(start + step, number))

    def _take(
        self, array: Any, on_slice: Callable[[], None], ensemble: Ensemble, pieces: Iterator[Piece]
    ) -> None:
        """Take pieces from those that are left until there are none; read ahead and write behind."""
        read = (partial(_read, array, piece, self._setting.context) for piece in pieces)
        with read_ahead(read) as slabs, write_behind(self._put) as put:
            for piece, slab in slabs:
                put(piece, self._compute(ensemble, piece, slab, on_slice))

    def _compute(
        self, ensemble: Ensemble, piece: Piece, slab: Array, on_slice: Callable[[], None]
    ) -> dict[str, Array]:
        found: dict[str, Array] = {}
        try:
            length, wanted = self._volume.shape[piece.axis], slice(piece.start, piece.stop)
            _, before, after = reach(wanted, self._setting.context, length)
            each = ensemble.slices(slab, slab.shape[1:], NAMES[piece.axis], before=before, after=after)
            for number, logits in enumerate(each):
                for name, values in self._answer(piece, number, logits).items():
                    if not number:
                        found[name] = np.empty((piece.stop - piece.start, *values.shape), values.dtype)
                    found[name][number] = values
                on_slice()
        except TrialError as error:
            raise TrialError(f"from slice {piece.start} along {NAMES[piece.axis]} on: {error}") from error
        return found

    def _answer(self, piece: Piece, number: int, logits: tuple[Any, ...]) -> dict[str, Array]:
        mean = combined(logits)
        total = votes(mean, len(self._axes))
        if piece.axis:
            return {"votes": total}
        for sums in self._sums:
            total = total + sums[:, piece.start + number]
        labels = tidy(decide(total, self._setting.protocol.threshold), self._steps)
        stored = labels if self._setting.values is None else self._setting.values[labels]
        return answers(stored, of_votes(total) if self._sums else to_probabilities(mean), logits, self._asked)

    def _put(self, piece: Piece, found: dict[str, Array]) -> None:
        if piece.axis:
            sums = np.moveaxis(self._sums[self._axes.index(piece.axis)], piece.axis + 1, 1)
            block = np.moveaxis(found["votes"], 1, 0)
            for row in range(block.shape[2]):  # so that the processor's cache holds what is turned around
                sums[:, piece.start : piece.stop, row] = block[:, :, row]
        else:
            for name, values in found.items():
                self.arrays[name][piece.start : piece.stop] = values
        self._work.note(piece.name)


def _arrays(
    work: Work | InMemory, shape: tuple[int, ...], setting: InferenceSettings, asked: Asked
) -> dict[str, RawArray | Array]:
    """Open the arrays (Z, Y, X), or (Z, C, Y, X), of what is asked for."""
    kind = np.uint8 if setting.values is None else setting.values.dtype
    arrays: dict[str, RawArray | Array] = {"labels": work.array("labels", shape, kind)}
    by_class = (shape[0], max(2, setting.weights.num_logits), *shape[1:])
    if asked.probabilities:
        arrays["probabilities"] = work.array("probabilities", by_class, asked.probabilities)
    if asked.decodes_probabilities:
        arrays[DECODED] = work.array(DECODED, by_class, np.float16)
    if asked.uncertainty:
        arrays["uncertainty"] = work.array("uncertainty", shape, np.uint8)
    return arrays


def _slices(segmenter: Segmenter, plane: Sequence[int], values: int) -> int:
    """Say how many slices make a piece: whole batches of windows, within a slab's bytes if they can be."""
    batch = segmenter.batch_size
    if segmenter.protocol.window in ("whole-resized", "whole-padded"):
        height, width = (round_up(side, segmenter.size_divisor) for side in plane)
        batch = max(1, batch * segmenter.window**2 // (height * width))
    most = min(max(MOST_SLICES, batch), 4 * fitting(values))
    return most - most % batch if most >= batch else most


def _anywhere(volume: Slabs, folder: Path) -> Array:
    """Return a volume that can be read along all axes: itself, or a copy."""
    if isinstance(volume, np.ndarray):
        return volume
    copy, start = scratch_array(volume.shape, volume.dtype, folder), 0
    with read_ahead(reads(volume, None)) as slabs:
        for slab in slabs:
            copy[start : start + len(slab)] = slab
            start += len(slab)
    return copy


def _read(array: Any, piece: Piece, context: int) -> tuple[Piece, Array]:
    """Read the slices of a piece, and those that they are seen with."""
    wanted, _, _ = reach(slice(piece.start, piece.stop), context, array.shape[piece.axis])
    if piece.axis == 0:
        return piece, np.ascontiguousarray(array[wanted])
    view = np.moveaxis(array, piece.axis, 0)[wanted]
    slab = np.empty(view.shape, view.dtype)
    for row in range(view.shape[1]):  # so that what is turned around stays in the processor's cache
        slab[:, row] = view[:, row]
    return piece, slab


def _call(function: Callable[[], None], times: int) -> None:
    for _ in range(times):
        function()


class _Left:
    """The pieces that are left, for several threads to take from."""

    def __init__(self, pieces: Iterable[Piece]) -> None:
        self._pieces, self._lock, self.stopped = iter(pieces), threading.Lock(), False

    def __iter__(self) -> Iterator[Piece]:
        return self

    def __next__(self) -> Piece:
        with self._lock:
            if self.stopped:
                raise StopIteration
            return next(self._pieces)


def _share_out(
    pieces: Sequence[Piece],
    ensembles: Sequence[Ensemble],
    take: Callable[[Ensemble, Iterator[Piece]], None],
    setting: InferenceSettings,
) -> None:
    """Have each device take pieces while there are any; what one raises ends all."""
    left = _Left(pieces)

    def work(ensemble: Ensemble) -> None:
        try:
            with ExitStack() as held:
                for member in ensemble.members:
                    held.enter_context(inference(member.model, member.device, setting.precision))
                take(ensemble, left)
        finally:
            left.stopped = True  # done, or there is no use in going on

    if len(ensembles) == 1:
        work(ensembles[0])
        return
    with ThreadPoolExecutor(len(ensembles), thread_name_prefix="emseg-bench device") as pool:
        try:
            for done in [pool.submit(work, one) for one in ensembles]:
                done.result()
        finally:
            left.stopped = True
