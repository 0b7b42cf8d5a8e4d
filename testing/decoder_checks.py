"""What a decoder owes: numbers of objects of one class each, always the same, wherever slabs end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, TypeAlias

import numpy as np

from ..benchmark.contracts.basics import OptionValue
from ..benchmark.contracts.data import Decoder, ExtraOutput
from ..benchmark.contracts.errors import PluginError
from ..benchmark.experiments.methods import Method
from ..benchmark.plugins.registry import Offer
from ..benchmark.predictions.decoding import decode_piece
from ..benchmark.predictions.objects import Objects, Parts
from ..benchmark.predictions.writing.about import About
from . import card_checks
from .card_checks import CardBench
from .findings import Check, ContractError, demanding, relying
from .metric_cases import CLASSES, truth

Labels: TypeAlias = np.ndarray[Any, Any]
VALUES: Final = (0, 7, 200)
"""Of the classes in label maps: anybody's."""
OFFSETS: Final = ((-1, 0), (0, -1), (-3, 0), (0, -3))
"""Of the affinities that decoders are given which read some, (y, x), px."""


class DecoderBench(CardBench):
    """A decoder under test."""

    def __init__(self, offer: Offer[Any], options: Mapping[str, OptionValue] = MappingProxyType({})) -> None:
        super().__init__(offer, options)
        self._method = Method("decoder", offer, offer.card.name, options)

    def make(self) -> Decoder:
        """Call the factory, as `predict` does."""
        made: Decoder = self.factory()(**self.options)
        return made

    def parts(self, decode: Decoder, labels: Labels) -> Parts:
        """Have it find the objects of labels (Z, Y, X), of an image where Z is 1.

        Raises:
            PluginError: It fails, or gives something else.
        """
        probabilities = _probabilities(labels) if "probabilities" in self.card.needs else None
        outputs = _outputs(self.card.reads)
        extra = _extra(labels, outputs) if outputs else None
        about = _about(labels, self.card.needs)
        return decode_piece(self._method, decode, labels, probabilities, about, extra, outputs)

    def objects(self, decode: Decoder, labels: Labels, borders: Sequence[int] = ()) -> Labels:
        """Number the objects of labels (Z, Y, X), decoded in slabs that end at `borders`.

        Raises:
            BlockedError: It finds none; `check_numbers` says why.
        """
        ends = zip([0, *borders], [*borders, len(labels)], strict=True)
        with relying("it gives no numbers of objects"):
            pieces = [self.parts(decode, labels[start:stop]) for start, stop in ends]
        return Objects(pieces, np.empty(labels.shape, np.uint32))[0 : len(labels)]


def check_numbers(bench: DecoderBench) -> None:
    """Each pixel gets the number of an object, or 0, and each object one class, whatever the labels show."""
    bench.factory()
    with demanding("a decoder from factory(**options)", "Mend the factory"):
        decode = bench.make()
    for what, labels in _maps().items():
        try:
            bench.parts(decode, labels)
        except PluginError as error:
            raise ContractError(
                f"this for {what}: {error}".rstrip("."), "numbers of objects", "Mend the decoder"
            ) from error


def check_deterministic(bench: DecoderBench) -> None:
    """The same labels give the same objects, whatever it was given before."""
    with relying("it cannot be made"):
        decode = bench.make()
    maps = _maps()
    forwards = {what: bench.objects(decode, labels) for what, labels in maps.items()}
    backwards = {what: bench.objects(decode, maps[what]) for what in reversed([*maps])}
    for what, objects in forwards.items():
        if not np.array_equal(objects, backwards[what]):
            raise ContractError(
                f"other objects the second time for {what}", "the same", "Keep no state, and draw no numbers"
            )


def check_slabs(bench: DecoderBench) -> None:
    """Where it works slab by slab, the objects are the same wherever slabs end."""
    if bench.card.works_on == "whole":
        return
    with relying("it cannot be made"):
        decode = bench.make()
    volume = _maps()["a volume"]
    whole = bench.objects(decode, volume)
    for borders in ((1,), (4,), (2, 3, 7), range(2, len(volume), 2)):
        if not _same(whole, bench.objects(decode, volume, borders)):
            raise ContractError(
                f"other objects where slabs end before slice {', '.join(map(str, borders))}",
                "the same, joined where they touch across the border",
                'Say works_on="whole"',
            )


def _outputs(kinds: Sequence[str]) -> tuple[ExtraOutput, ...]:
    """Make what a network would give that a decoder reads."""
    affinities = tuple(ExtraOutput(kind="affinity", offset=offset) for offset in OFFSETS)
    others = tuple(
        ExtraOutput(kind=kind, is_logit=kind != "distance") for kind in kinds if kind != "affinity"
    )
    return (*(affinities if "affinity" in kinds else ()), *others)


def _extra(labels: Labels, outputs: Sequence[ExtraOutput]) -> Labels:
    """Make them for labels (Z, Y, X), as if pixels of one label were of one object: (Z, E, Y, X)."""
    rng = np.random.default_rng(0)
    noise = rng.random((len(labels), len(outputs), *labels.shape[1:]))
    if_linked = [_linked(labels, one.offset) if one.offset else noise[:, 0] > 0.5 for one in outputs]
    return np.asarray(0.8 * np.stack(if_linked, 1) + 0.2 * noise, np.float16)


def _linked(labels: Labels, offset: tuple[int, int]) -> Labels:
    dy, dx = offset
    other = np.roll(labels, (-dy, -dx), axis=(1, 2))
    return np.asarray((labels == other) & (labels != VALUES[0]))


def _same(one: Labels, other: Labels) -> bool:
    """Tell whether numbers differ in nothing but which they are."""
    pairs = np.unique(np.stack([one.ravel(), other.ravel()]), axis=1)
    return all(len(np.unique(row)) == pairs.shape[1] for row in pairs)


def _about(labels: Labels, needs: Sequence[str]) -> About:
    image = len(labels) == 1
    size = (8.0, 8.0) if image else (30.0, 8.0, 8.0)
    return About(
        kind="labels",
        made_from="",
        words="",
        classes=tuple(zip(VALUES, CLASSES, strict=True)),
        image=image,
        voxel_size_nm=size if "voxel size" in needs else None,
        start=(0,) * (2 if image else 3),
        origin_nm=None,
    )


def _probabilities(labels: Labels) -> Labels:
    """Give the probabilities (Z, K, Y, X) of a network that is rather sure of the labels."""
    drawn = np.random.default_rng(0).random((len(VALUES), *labels.shape))
    drawn += 2 * (labels == np.reshape(VALUES, (-1, 1, 1, 1)))
    probabilities: Labels = np.moveaxis(drawn / drawn.sum(0), 0, 1).astype(np.float16)
    return probabilities


def _maps() -> Mapping[str, Labels]:
    """Give label maps (Z, Y, X) by what they show."""
    values = np.array(VALUES, np.uint8)
    noise = values[np.random.default_rng(0).choice(3, (9, 21, 24), p=(0.8, 0.15, 0.05))]
    noise[:, 8:14, 8:15] = VALUES[1]
    return {
        "objects of two classes": values[truth()][None],
        "nothing but background": np.zeros((1, 20, 30), np.uint8),
        "one class everywhere": np.full((1, 20, 30), VALUES[1], np.uint8),
        "a single pixel": np.full((1, 1, 1), VALUES[2], np.uint8),
        "a volume": noise,
        "values of 16 bits": noise.astype(np.uint16),
    }


CHECKS: tuple[Check, ...] = (*card_checks.CHECKS, check_numbers, check_deterministic, check_slabs)
