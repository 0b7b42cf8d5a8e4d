"""A first look at all label maps: what is wrong with them is found before any is scored."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from ..contracts.errors import DataError
from ..evaluation.slicewise import as_slices
from ..files.wording import listed
from .label_maps import read_label_map, read_stored
from .pairs import Pair, some
from .true_objects import count_unnumbered, read_objects

Array: TypeAlias = np.ndarray[Any, Any]

WHITE = 255
"""What foreground is in a black-and-white mask."""
BINARY = frozenset({0, 1, WHITE})
_ASIDE = 254
"""The label of ignored pixels whose value is no label; 255 may be foreground beside it."""
MOST_UNNAMED = 32
"""More classes than this are taken for numbers of objects unless they are named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoringOptions:
    """What the user says of the labels."""

    class_names: tuple[str, ...] = ()
    """By label value; empty: class0, class1, ... as found."""
    classes: tuple[int, ...] = ()
    """Label values that are scored; empty: all but 0."""
    ignored: int | None = None
    """True value of pixels that are not scored, of any size and sign."""
    mask_by_truth: bool = False
    """Set predictions to background where the truth is."""
    voxel_size_nm: tuple[float, ...] | None = None
    """(y, x) or (z, y, x); None: not known."""
    mapping: Mapping[int, int] = field(default_factory=dict)
    """What predicted values are taken for; others stay as they are."""
    true_mapping: Mapping[int, int] = field(default_factory=dict)
    """What true values are taken for."""

    @property
    def ignore_value(self) -> int | None:
        """The true label of pixels that are not scored, as `read_truth` gives it."""
        return self.ignored if self.ignored is None or 0 <= self.ignored <= WHITE else _ASIDE


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What all pairs have in common."""

    axes: int
    """2: images; 3: volumes."""
    class_names: tuple[str, ...]
    scored: tuple[int, ...]
    """Label values that count in the means."""
    white_predictions: bool
    """Whether 255 stands for class 1 in the predictions."""
    white_truths: bool
    predicted: frozenset[int] = frozenset()
    """Labels that occur in the predictions, as they are scored."""
    true: frozenset[int] = frozenset()
    unnumbered: int = 0
    """Voxels of true classes that are in no numbered object, where true objects are given."""


@dataclass(frozen=True, slots=True)
class _Look:
    """What one pair holds."""

    pair: Pair
    axes: int
    predicted: frozenset[int]
    true: frozenset[int]
    """Without the ignored value."""
    unnumbered: int
    stored: frozenset[int]
    """Predicted values before some are taken for others, if any are."""
    stored_truth: frozenset[int]


def survey(pairs: Sequence[Pair], options: ScoringOptions, on_case: Callable[[], None]) -> Survey:
    """Look at all pairs and settle the classes.

    Raises:
        DataError: A file cannot be read, shapes differ, images and volumes are mixed, labels are outside the
            classes, or everything in a case is ignored; names the file.
    """
    looks = []
    for pair in pairs:
        looks.append(_look(pair, options))
        on_case()
    _check_mapping(looks, options)
    _check_axes(looks)
    binary = len(options.class_names) in {0, 2} and all(
        look.predicted | look.true <= BINARY for look in looks
    )
    white_predictions = binary and _is_white([look.predicted for look in looks])
    white_truths = binary and _is_white([look.true for look in looks])
    predicted = {label for look in looks for label in _labels(look.predicted, white=white_predictions)}
    true = {label for look in looks for label in _labels(look.true, white=white_truths)}
    names = options.class_names or _names(predicted | true | set(options.classes), predicted - true)
    for look in looks:
        predictions, truths = look.pair.prediction, look.pair.truth
        _check_labels(predictions, _labels(look.predicted, white=white_predictions), names, options.mapping)
        _check_labels(truths, _labels(look.true, white=white_truths), names, options.true_mapping)
    return Survey(
        axes=looks[0].axes,
        class_names=names,
        scored=_scored(options, names, (predicted | true) - {0}),
        white_predictions=white_predictions,
        white_truths=white_truths,
        predicted=frozenset(predicted),
        true=frozenset(true),
        unnumbered=sum(look.unnumbered for look in looks),
    )


def to_labels(values: Array, *, white: bool) -> Array:
    """Bring values of a surveyed file to uint8 labels; 255 becomes 1 in a black-and-white mask."""
    labels = values.astype(np.uint8, copy=False)
    return np.where(labels == WHITE, np.uint8(1), labels) if white else labels


def read_prediction(pair: Pair, mapping: Mapping[int, int]) -> Array:
    """Read a predicted label map, some values of which are taken for others."""
    return read_label_map(pair.prediction, onto=pair.truth, mapping=mapping)


def read_truth(pair: Pair, options: ScoringOptions) -> Array:
    """Read a true label map, some values of which are taken for others."""
    aside = {} if options.ignored in (None, options.ignore_value) else {options.ignored: _ASIDE}
    return read_label_map(pair.truth, mapping={**options.true_mapping, **aside})


def _check_mapping(looks: Sequence[_Look], options: ScoringOptions) -> None:
    for option, what, mapping, stored in (
        ("--map", "prediction", options.mapping, [look.stored for look in looks]),
        ("--map-truth", "true label map", options.true_mapping, [look.stored_truth for look in looks]),
    ):
        there = set().union(*stored)
        if strange := sorted(mapping.keys() - there):
            raise DataError(
                f"{option} names {strange[0]}, which no {what} holds; there are "
                f"{some([str(value) for value in sorted(there)])}."
            )


def _look(pair: Pair, options: ScoringOptions) -> _Look:
    ignore_value = options.ignore_value
    _check_aside(pair.truth, options)
    prediction, truth = read_prediction(pair, options.mapping), read_truth(pair, options)
    if prediction.shape != truth.shape:
        raise DataError(
            f"{pair.prediction} is {prediction.shape} and {pair.truth} is {truth.shape}; expected equal "
            "shapes, (y, x) or (z, y, x)."
        )
    true = _values(truth) - {ignore_value}
    if not true:
        raise DataError(
            f"{pair.truth}: every pixel has the ignored value {options.ignored}; nothing can be scored."
        )
    objects = read_objects(pair)
    unnumbered = 0 if objects is None else count_unnumbered(pair, truth, objects, ignore_value)
    stored = _stored(pair.prediction) if options.mapping else frozenset[int]()
    stored_truth = _stored(pair.truth) if options.true_mapping else frozenset[int]()
    return _Look(pair, truth.ndim, _values(prediction), frozenset(true), unnumbered, stored, stored_truth)


def _check_aside(truth: Path, options: ScoringOptions) -> None:
    """Refuse a true label that ignored pixels would be taken for."""
    if options.ignored in (None, options.ignore_value):
        return
    there = (_stored(truth) - options.true_mapping.keys()) | {*options.true_mapping.values()}
    if _ASIDE in there - {options.ignored}:
        raise DataError(
            f"{truth} has the label {_ASIDE}, for which ignored pixels are taken where --ignore is "
            f"{options.ignored}; take it for another one: --map-truth={_ASIDE}=1."
        )


def _stored(path: Path) -> frozenset[int]:
    return frozenset(np.unique(read_stored(path)).tolist())


def _values(labels: Array) -> frozenset[int]:
    """Return the distinct values, slice by slice: counting makes a wide copy."""
    counts = sum(np.bincount(plane.ravel(), minlength=2**16) for plane in as_slices(labels))
    return frozenset(np.flatnonzero(counts).tolist())


def _check_axes(looks: Sequence[_Look]) -> None:
    for look in looks:
        if look.axes != looks[0].axes:
            raise DataError(
                f"{looks[0].pair.truth} has {looks[0].axes} axes and {look.pair.truth} {look.axes}; "
                "score images and volumes one after the other."
            )


def _is_white(values: Sequence[Collection[int]]) -> bool:
    found = set().union(*values)
    return WHITE in found and found <= {0, WHITE}


def _labels(values: frozenset[int], *, white: bool) -> frozenset[int]:
    return frozenset(1 if value == WHITE else value for value in values) if white else values


def _names(found: set[int], strange: set[int]) -> tuple[str, ...]:
    """Name classes that have no names by the largest label there is; `strange` ones are in no truth."""
    largest = max(1, *found)
    if WHITE in strange:
        raise DataError(
            "predictions hold the label 255, which the truth does not: it has "
            f"{listed(sorted(found - strange)) or 'none'}. If it stands for one of these, say so: "
            "--map 255=NUMBER; if it is a class of its own, name all classes with --class-names."
        )
    if WHITE in found:
        raise DataError(
            "there is label 255 beside others. If it marks true pixels that do not count, say --ignore 255 "
            "(predictions cannot leave pixels out); if it is a class, name all classes with --class-names."
        )
    if largest > WHITE or len(found) > MOST_UNNAMED:
        raise DataError(
            f"there are {len(found)} different labels up to {largest}: these look like numbers of single "
            "objects, and labels must tell the class; true objects go into --truth-objects, beside true "
            "classes. If they are classes (at most 255), name them all with --class-names."
        )
    return tuple(f"class{label}" if label else "background" for label in range(largest + 1))


def _check_labels(
    path: Path, labels: frozenset[int], names: Sequence[str], mapping: Mapping[int, int]
) -> None:
    strange = sorted(label for label in labels if label >= len(names))
    if strange:
        raise DataError(
            f"{path} holds label {some([str(label) for label in strange])}, expected 0 to {len(names) - 1} "
            f"for the classes {', '.join(names)}. Label {strange[0]} is first "
            f"{_place(path, strange[0], mapping)}."
        )


def _place(path: Path, label: int, mapping: Mapping[int, int]) -> str:
    """Say where a label, or what is taken for it, first is."""
    values = [label, *(value for value, taken in mapping.items() if taken == label)]
    labels = read_stored(path)
    *section, row, column = np.unravel_index(int(np.isin(labels, values).argmax()), labels.shape)
    return f"{f'in slice {section[0]} ' if section else ''}at row {row}, column {column}"


def _scored(options: ScoringOptions, names: Sequence[str], found: Collection[int]) -> tuple[int, ...]:
    """Choose the classes that count: as asked, or all named ones, or all that occur; never background."""
    strange = [label for label in options.classes if label >= len(names)]
    if strange:
        raise DataError(
            f"--classes names class {strange[0]}, expected 0 to {len(names) - 1}: {', '.join(names)}."
        )
    scored = options.classes or (range(1, len(names)) if options.class_names else sorted(found))
    if not scored:
        raise DataError("no file holds anything but background, so there is no class to score; name some.")
    return tuple(scored)
