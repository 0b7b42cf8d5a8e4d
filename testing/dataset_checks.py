"""What a dataset owes: sound splits, labels that fit, and the same data every time it is opened."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..benchmark.contracts.cards import DatasetCard
from ..benchmark.contracts.data import SPLITS, Case, Manifest, Sample
from ..benchmark.contracts.errors import DataError
from ..benchmark.files.hashing import manifest_sha256
from ..benchmark.plugins.references import DatasetReference
from ..benchmark.plugins.strangers import RAISED, describe_error
from ..benchmark.trials.checked_dataset import check_instances
from ..datasets.fetching.store import DataStore
from . import card_checks
from .dataset_bench import Array, DatasetBench, looked_at
from .findings import Check, ContractError


def checks_for(card: DatasetCard, reference: DatasetReference) -> tuple[Check, ...]:
    """Give the checks for a dataset.

    They are those of its card alone where it needs a place that nobody gave, or was not fetched.
    """
    openable = reference.location is not None or not card.needs_location
    return (*card_checks.CHECKS, *(CHECKS if openable and _is_here(card) else ()))


def check_opens(bench: DatasetBench) -> None:
    """It can be opened, and has cases to train, validate and test on."""
    bench.factory()
    _ = bench.opened


def check_splits_disjoint(bench: DatasetBench) -> None:
    """No image trains that is validated or tested on; val may serve as test only if a note says so."""
    manifest = bench.dataset.manifest
    train, val, test = ({case.sha256: case.id for case in manifest.split(name)} for name in SPLITS)
    shared = {hash_: f"{train[hash_]} of train" for hash_ in train.keys() & (val.keys() | test.keys())}
    if not manifest.notes:
        shared |= {hash_: f"{val[hash_]} of val" for hash_ in val.keys() & test.keys()}
    if shared:
        raise ContractError(
            f"{len(shared)} case(s) in two splits, such as {min(shared.values())}",
            "splits that share no image",
            "Divide anew; if val must serve as test split, say so in Manifest.notes",
        )


def check_names_unique(bench: DatasetBench) -> None:
    """Within a split every case has its own id."""
    for split in SPLITS:
        names = [case.id for case in bench.dataset.manifest.split(split)]
        if twice := sorted(name for name in set(names) if names.count(name) > 1):
            raise ContractError(
                f"several cases called {twice[0]!r} in {split}", "unique ids", "Name cases apart"
            )


def check_manifest_stable(bench: DatasetBench) -> None:
    """Opened again it holds the same cases, hashes and statistics."""
    first, second = bench.dataset.manifest, bench.again.manifest
    if _sorted(first) != _sorted(second):
        raise ContractError(
            "another manifest when it was opened again",
            "the same, for trials are known by its hash",
            "Take nothing from the clock, from random numbers without a seed, or from this machine",
        )


def check_order_deterministic(bench: DatasetBench) -> None:
    """Opened again it gives its cases in the same order."""
    first, second = bench.dataset.manifest, bench.again.manifest
    if _sorted(first) == _sorted(second) and first.cases != second.cases:
        raise ContractError(
            "another order of cases when it was opened again", "the same", "Sort what folders and sets give"
        )


def check_reads(bench: DatasetBench) -> None:
    """Every case can be read."""
    for case in bench.chosen():
        try:
            sample = bench.dataset.read(case)
        except RAISED as error:
            raise ContractError(f"{case.id}: {describe_error(error)}", "a Sample", "Mend read") from error
        if not isinstance(sample, Sample):
            raise ContractError(f"{case.id}: a {type(sample).__name__}", "a Sample", "Mend read")


def check_images(bench: DatasetBench) -> None:
    """Images are (C, H, W), volumes (C, Z, Y, X) as the manifest says, uint8 or float32 between 0 and 1."""
    channels = bench.dataset.manifest.channels
    for case, sample in bench.samples:
        image, shape = sample.image, (channels, *case.sides)
        if image.shape != shape:
            raise ContractError(
                f"{case.id}: an image {image.shape}", f"{shape}", "Correct the manifest or read"
            )
        for pixels in looked_at(case, image):
            if pixels.dtype != np.uint8 and not _is_unit(pixels):
                raise ContractError(
                    f"{case.id}: {pixels.dtype} from {pixels.min():g} to {pixels.max():g}",
                    "uint8, or float32 between 0 and 1",
                    "Scale what is read",
                )


def check_sizes_equal(bench: DatasetBench) -> None:
    """Labels are (H, W), of volumes (Z, Y, X), as their image is without its channels."""
    for case, sample in bench.samples:
        if sample.labels.shape != sample.image.shape[1:]:
            raise ContractError(
                f"{case.id}: labels {sample.labels.shape} of an image {sample.image.shape}",
                f"{sample.image.shape[1:]}",
                "Crop or resample them alike",
            )


def check_labels_within_classes(bench: DatasetBench) -> None:
    """Labels are uint8 below the number of classes, or the value to ignore."""
    manifest = bench.dataset.manifest
    for case, sample in bench.samples:
        if sample.labels.dtype != np.uint8:
            raise ContractError(
                f"{case.id}: labels in {sample.labels.dtype}", "uint8", "Convert what is read"
            )
        found = {label for part in looked_at(case, sample.labels) for label in np.unique(part).tolist()}
        outside = found - {*range(len(manifest.class_names)), manifest.ignore_value}
        if outside:
            raise ContractError(
                f"{case.id}: label {min(outside)}",
                f"0 to {len(manifest.class_names) - 1} or the ignore_value {manifest.ignore_value}",
                "Name the class, or map the label",
            )


def check_true_objects(bench: DatasetBench) -> None:
    """Numbers of true objects are there where the manifest says so, and there alone; shaped as labels are."""
    for case, sample in bench.samples:
        try:
            check_instances(sample, bench.dataset.manifest)
        except DataError as error:
            raise ContractError(
                f"{case.id}: {error}",
                "Sample.instances as Manifest.has_instances says",
                "Correct the manifest or read",
            ) from error


def check_pixels_stable(bench: DatasetBench) -> None:
    """Read again, also after being opened again, a case has the same pixels, labels and true objects."""
    for case, sample in bench.samples:
        second = bench.again.read(case)
        pairs = ((sample.image, second.image), (sample.labels, second.labels))
        objects = (sample.instances, second.instances)
        if not all(_equal(case, one, other) for one, other in pairs) or not _equal_if_any(case, *objects):
            raise ContractError(
                f"{case.id}: other pixels the second time", "the same", "Augment nothing in read"
            )


def _is_here(card: DatasetCard) -> bool:
    """Tell whether a dataset's data is on this machine; what is not published is always."""
    if not (card.files or card.derived_from):
        return True
    return card.convert is not None and DataStore.here().has_arrays(card.name, card.version)


def check_volumes(bench: DatasetBench) -> None:
    """Slices that say where they lie name their volume, and the voxel size of volumes has three sides."""
    manifest = bench.dataset.manifest
    for case in manifest.cases:
        if case.section is not None and (case.group is None or case.depth is not None):
            raise ContractError(
                f"{case.id}: section {case.section} of group {case.group}, depth {case.depth}",
                "a section only for a slice, with its volume as group",
                "Set Case.group, or leave Case.section out",
            )
        if case.depth is not None and manifest.voxel_size_nm and len(manifest.voxel_size_nm) != 3:
            raise ContractError(
                f"{case.id}: a volume with the voxel size {manifest.voxel_size_nm}",
                "its sides (z, y, x) in nm",
                "Correct Manifest.voxel_size_nm",
            )


def check_scored_classes(bench: DatasetBench) -> None:
    """The classes that are scored exist, and one of them is not background."""
    manifest = bench.dataset.manifest
    scored = manifest.scored_classes
    known = set(range(len(manifest.class_names)))
    if scored is not None and not (set(scored) <= known and set(scored) - {0}):
        raise ContractError(
            f"scored_classes {scored}",
            f"labels from 0 to {len(known) - 1}, one of them not 0; or None for all",
            "Correct Manifest.scored_classes",
        )


def _equal(case: Case, one: Array, other: Array) -> bool:
    same = one.shape == other.shape
    parts = zip(looked_at(case, one), looked_at(case, other), strict=True) if same else ()
    return same and all(np.array_equal(*pair) for pair in parts)


def _equal_if_any(case: Case, one: Array | None, other: Array | None) -> bool:
    return one is other if one is None or other is None else _equal(case, one, other)


def _is_unit(image: Array) -> bool:
    return image.dtype == np.float32 and bool((image >= 0).all()) and bool((image <= 1).all())


def _sorted(manifest: Manifest) -> str:
    """Hash a manifest whatever the order of its cases."""
    return manifest_sha256(
        replace(manifest, cases=tuple(sorted(manifest.cases, key=lambda c: (c.split, c.id))))
    )


CHECKS: tuple[Check, ...] = (
    check_opens,
    check_splits_disjoint,
    check_names_unique,
    check_manifest_stable,
    check_order_deterministic,
    check_reads,
    check_images,
    check_sizes_equal,
    check_labels_within_classes,
    check_true_objects,
    check_pixels_stable,
    check_volumes,
    check_scored_classes,
)
