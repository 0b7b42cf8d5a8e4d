"""``emseg-bench score``: scores of label maps from anywhere."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..benchmark.contracts.errors import UsageError
from ..benchmark.files.numbers import decimal, whole
from ..benchmark.files.printable import brief
from ..benchmark.images.label_bounds import LEAST_VALUE, MOST_VALUE
from .exit_codes import interruptible
from .json_output import json_stream

if TYPE_CHECKING:
    from pandas import DataFrame

EXAMPLES = """Examples:

  emseg-bench score --pred segmented --truth masks

  emseg-bench score --pred segmented --truth masks --protocol retina-2025-perez --out scores.csv

  emseg-bench score --pred segmented --truth masks --protocol all

  emseg-bench score --pred segmented --truth masks --metrics hd95,pq --voxel-size 8,8

  emseg-bench score --pred segmented --truth masks --truth-objects instances --metrics object-f1,pq

  emseg-bench score --pred volume.nrrd --truth truth.nrrd --protocol retina-2025 --classes 2,3,4
"""


def score(
    pred: Annotated[
        Path, typer.Option(help="Predicted label maps: a folder or a file; PNG, TIFF, NRRD or NIfTI.")
    ],
    truth: Annotated[Path, typer.Option(help="True label maps of the same names: a folder or a file.")],
    protocol: Annotated[
        str,
        typer.Option(help="How to score: a name from `emseg-bench list protocols`, or all side by side."),
    ] = "emseg-v1",
    classes: Annotated[
        str | None, typer.Option(help="Labels that count in the means: 2,3,4.  [default: all but 0]")
    ] = None,
    class_names: Annotated[
        str | None, typer.Option(help="Names by label, comma-separated, background first.")
    ] = None,
    ignore: Annotated[
        int | None,
        typer.Option(
            min=LEAST_VALUE, max=MOST_VALUE, help="True label of pixels that are not scored, such as -1."
        ),
    ] = None,
    mask_by_truth: Annotated[
        bool, typer.Option("--mask-by-truth", help="Count predictions only where the truth is not 0.")
    ] = False,
    map_: Annotated[
        str | None,
        typer.Option("--map", metavar="FROM=TO,...", help="Take predicted labels for others: 1=0,2=1."),
    ] = None,
    map_truth: Annotated[
        str | None, typer.Option(metavar="FROM=TO,...", help="Take true labels for others: -128=0,-127=1.")
    ] = None,
    metrics: Annotated[
        str | None, typer.Option(help="Further metrics: hd95,nsd[tolerance_nm=10]; `list metrics` shows all.")
    ] = None,
    truth_objects: Annotated[
        Path | None,
        typer.Option(
            help="True objects, for metrics of objects: maps of their numbers, named as the true label maps."
        ),
    ] = None,
    voxel_size: Annotated[
        str | None, typer.Option(help="A voxel's sides in nm, y,x or z,y,x; for metrics that measure in nm.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Write every number to this CSV file: a row per case, class and metric."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for machines.")] = False,
) -> None:
    """Score predicted label maps against true ones: images, or whole volumes."""
    from ..benchmark.files.outputs import check_output_file
    from ..benchmark.predictions.chosen_metrics import check_objects_compared, metrics_of, with_metrics
    from ..benchmark.predictions.pair_scores import average, score_pairs
    from ..benchmark.predictions.pairs import find_pairs, pairing_notes, with_objects
    from ..benchmark.predictions.rules import ALL, find_protocol, rules_for
    from ..benchmark.predictions.survey import ScoringOptions, survey
    from ..benchmark.predictions.volume_files import file_of
    from .console import Console
    from .progress import steps
    from .score_tables import all_as_data, announce, announce_objects, as_data, print_all_scores, print_scores

    if protocol != ALL:
        find_protocol(protocol, ALL)
    options = ScoringOptions(
        class_names=_names(class_names),
        classes=_classes(classes),
        ignored=ignore,
        mask_by_truth=mask_by_truth,
        voxel_size_nm=_sides(voxel_size),
        mapping=_mapping("--map", map_),
        true_mapping=_mapping("--map-truth", map_truth),
    )
    if out:
        read = [pred, truth, *([truth_objects] if truth_objects else [])]
        check_output_file(out, "--out", map(file_of, read), (".csv",))
    pairs, skipped = find_pairs(pred, truth)
    if truth_objects:
        pairs = with_objects(pairs, truth_objects, truth)
    console = Console(stderr=True)
    with json_stream(as_json), interruptible("nothing was written"):
        with steps("reading", len(pairs), console) as on_case:
            found = survey(pairs, options, on_case)
        rules = with_metrics(rules_for(protocol, found.axes), metrics)
        chosen, remarks = metrics_of(rules, options.voxel_size_nm, found.axes)
        if truth_objects:
            check_objects_compared(rules)
        with steps("scoring", len(pairs), console) as on_case:
            table = score_pairs(pairs, found, options, chosen, on_case)
    if out:
        _write(table, out)
    scores = [average(table, found, rule) for rule in rules]
    notes = [*announce(found, options, skipped), *pairing_notes(pairs), *remarks]
    if truth_objects:
        notes += announce_objects(found, truth_objects)
    if as_json:
        data = all_as_data(scores, found, notes) if protocol == ALL else as_data(scores[0], found, notes)
        typer.echo(json.dumps(data, indent=2, allow_nan=False))
    elif protocol == ALL:
        print_all_scores(scores, found, notes)
    else:
        print_scores(scores[0], found, notes)


def _write(table: DataFrame, out: Path) -> None:
    from ..benchmark.contracts.errors import StoreError
    from ..benchmark.files.spreadsheets import csv_of
    from ..benchmark.files.store import write_whole

    try:
        write_whole(out, csv_of(table))
    except OSError as error:
        raise StoreError(
            f"cannot write {out}: {error.strerror or error}; choose another with --out."
        ) from error


def _classes(text: str | None) -> tuple[int, ...]:
    if text is None:
        return ()
    try:
        labels = tuple(whole(part) for part in text.split(","))
    except ValueError:
        labels = ()
    if not labels or min(labels) < 0 or len(set(labels)) < len(labels):
        raise UsageError(f"got --classes {brief(text)}, expected labels, each once: 2,3,4.")
    return labels


def _mapping(option: str, text: str | None) -> dict[int, int]:
    from ..benchmark.images.pixels import MOST_LABEL

    if text is None:
        return {}
    pairs = [re.fullmatch(r"\s*(-?[0-9]{1,10})=([0-9]{1,5})\s*", part) for part in text.split(",")]
    found = {int(pair[1]): int(pair[2]) for pair in pairs if pair}
    if (
        len(found) < len(pairs)
        or not LEAST_VALUE <= min(found) <= max(found) <= MOST_VALUE
        or max(found.values()) > MOST_LABEL
    ):
        what = "predicted" if option == "--map" else "true"
        raise UsageError(
            f"got {option} {brief(text)}, expected {what} labels, each once, and what they are taken for: "
            "1=0,2=1."
        )
    return found


def _sides(text: str | None) -> tuple[float, ...] | None:
    if text is None:
        return None
    try:
        sides = tuple(decimal(part) for part in text.split(","))
    except ValueError:
        sides = ()
    if len(sides) not in {2, 3} or min(sides) <= 0:
        raise UsageError(
            f"got --voxel-size {brief(text)}, expected two or three lengths in nm: 8,8 or 50,8,8."
        )
    return sides


def _names(text: str | None) -> tuple[str, ...]:
    if text is None:
        return ()
    names = tuple(name.strip() for name in text.split(","))
    if not all(names) or len(set(names)) < len(names) or not 2 <= len(names) <= 255:
        raise UsageError(
            f"got --class-names {text}, expected 2 to 255 different names by label, background first: "
            "background,mitochondrion."
        )
    return names
