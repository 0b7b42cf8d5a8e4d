"""``emseg-bench predict``: label maps from trained weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from ..benchmark.contracts.errors import StoreError, UsageError
from ..benchmark.files.numbers import decimal
from ..benchmark.files.printable import brief
from .exit_codes import interruptible
from .running import PrecisionChoice

if TYPE_CHECKING:
    from ..benchmark.contracts.data import Axes, GreyRange
    from ..benchmark.contracts.settings import ScoringProtocol
    from ..benchmark.predictions.greys import Seen
    from ..benchmark.predictions.inference_settings import InferenceSettings
    from ..benchmark.weights.weight_info import Segmenting, WeightsInfo

EXAMPLES = """Examples:

  emseg-bench predict images --model results:unet --out segmented

  emseg-bench predict stack.tif --weights retina-guay --protocol retina-2025 --axes orthoplane --out maps
"""


PRECISIONS: dict[PrecisionChoice, Literal["auto", "fp32", "bf16"]] = {
    PrecisionChoice.AUTO: "auto",
    PrecisionChoice.FP32: "fp32",
    PrecisionChoice.BF16: "bf16",
}


class AxesChoice(StrEnum):
    """What ``--axes`` takes."""

    STACK = "stack"
    ORTHOPLANE = "orthoplane"


def predict(
    images: Annotated[
        list[Path],
        typer.Argument(
            help="Images or volumes, or folders of them: PNG, TIFF, HDF5 (a.h5:/raw), zarr, NRRD, NIfTI, MRC",
            metavar="IMAGES...",
        ),
    ],
    out: Annotated[Path, typer.Option(help="Folder for the label maps.")],
    model: Annotated[
        str | None,
        typer.Option(
            help="A model of a results folder, by its name there: results:unet (the seed with the best "
            "validation score), results:unet/3.",
            metavar="DIR:MODEL[/SEED]",
        ),
    ] = None,
    weights: Annotated[
        str | None,
        typer.Option(
            help="Or a trial's weights.safetensors, or the name of imported weights of a whole model."
        ),
    ] = None,
    protocol: Annotated[
        str | None,
        typer.Option(
            help="How to segment: emseg-v1 or retina-2025; windows, blending, padding.  [default: as in the "
            "trial, or emseg-v1]"
        ),
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="KEY=VALUE", help="Change one value: protocol.overlap=0.7, protocol.flips=true."
        ),
    ] = None,
    axes: Annotated[
        AxesChoice | None,
        typer.Option(help="Cut volumes along z, or along z, y and x.  [default: as in the trial, or stack]"),
    ] = None,
    mean: Annotated[
        str | None, typer.Option(help="Normalise by this mean, per channel, 0-1 scale: 0.35.")
    ] = None,
    std: Annotated[str | None, typer.Option(help="And by this standard deviation: 0.017.")] = None,
    range_: Annotated[
        str | None,
        typer.Option(
            "--range", metavar="LOW..HIGH", help="Grey values that are 0 and 1.  [default: as in training]"
        ),
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:N or mps.")] = "auto",
    precision: Annotated[
        PrecisionChoice | None,
        typer.Option(
            help="bf16: bfloat16 under autocast; auto: where the hardware has it.  [default: as in the "
            "trial, or auto]"
        ),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Make label maps anew that are there already.")
    ] = False,
) -> None:
    """Segment images or volumes with trained weights."""
    from ..benchmark.executors.openmp import share_cores
    from ..benchmark.files.outputs import check_output_folder
    from ..benchmark.plugins.loading import load_plugins
    from ..benchmark.predictions.greys import settle_greys
    from ..benchmark.predictions.images import find_images, unread
    from ..benchmark.predictions.inference_settings import InferenceSettings
    from ..benchmark.predictions.network import find_weights, settle_normalisation, settle_window
    from ..benchmark.predictions.outputs import check_places
    from ..benchmark.profiling.hardware import choose_device
    from ..benchmark.profiling.precision import resolve_precision

    share_cores()
    found = find_images(images)
    for note in unread(images):
        typer.echo(note, err=True)
    check_output_folder(out, "--out", [one for one in images if one.resolve() == out.resolve()])
    check_places(found, out)
    trained = find_weights(_weights(model, weights), load_plugins().catalogue)
    chosen = _protocol(trained.info, protocol, set_ or [])
    where = choose_device(device)
    given, how = _range(range_), trained.info.segmenting
    with interruptible():
        seen = _look_at(found, trained.info.channels)
    greys, notes = settle_greys(list(seen.values()), trained.info.grey_range, given)
    setting = InferenceSettings(
        weights=trained,
        protocol=chosen,
        normalisation=settle_normalisation(trained.info, numbers(mean, "--mean"), numbers(std, "--std")),
        window=settle_window(trained.info, chosen, trained.offer.card.size_divisor),
        axes=_axes(axes, seen, how),
        device=where,
        precision=resolve_precision(_precision(precision, how), where),
        greys=greys,
    )
    with interruptible():
        _predict(seen, setting, out, notes, overwrite=overwrite)


def _weights(model: str | None, weights: str | None) -> str:
    """Say which weights are meant, and of a results folder's model which trial it is."""
    from ..benchmark.predictions.choosing import FORM, choose_trial

    if (model is None) == (weights is None):
        got = "got both --model and --weights" if model else "no weights were named"
        raise UsageError(
            f"{got}; expected --model {FORM}, or --weights with a trial's weights.safetensors or the name of "
            "imported weights."
        )
    if model is None:
        return str(weights)
    chosen = choose_trial(model)
    typer.echo(f"using {chosen.told}", err=True)
    return str(chosen.weights)


def _look_at(images: Mapping[str, Path], channels: int) -> dict[str, Seen]:
    from ..benchmark.predictions.greys import look_at
    from .console import Console
    from .progress import steps

    seen = {}
    with steps("reading", len(images), Console(stderr=True)) as on_image:
        for name, path in images.items():
            seen[name] = look_at(path, channels)
            on_image()
    return seen


def _predict(
    images: Mapping[str, Seen],
    setting: InferenceSettings,
    out: Path,
    notes: Sequence[str],
    *,
    overwrite: bool,
) -> None:
    from ..benchmark.predictions.greys import misfits
    from ..benchmark.predictions.outputs import plan_outputs
    from ..benchmark.predictions.segmenting import segment_files, steps_of
    from .console import Console
    from .progress import steps
    from .tables import say

    console = Console(stderr=True)
    _make_folder(out)
    todo, there = plan_outputs(images, out, setting, overwrite=overwrite)
    info = setting.weights.info
    say(console, f"{info.origin}; {setting.device}")
    say(console, setting.how(volumes=any(len(image.sides) == 3 for image in images.values())))
    unfit = misfits(images.values(), setting.greys, setting.normalisation) if info.grey_range else ()
    for note in [*notes, *unfit]:
        say(console, f"warning: {note}", "yellow")
    if todo:
        with steps("segmenting", steps_of(todo, setting.axes), console) as on_slice:
            segment_files(todo, setting, on_slice)
    labels = f"; labels: {setting.words}" if setting.words else ""
    typer.echo(f"{len(todo)} label map(s) made in {out}, {there} there already{labels}")


def _axes(asked: AxesChoice | None, images: Mapping[str, Seen], how: Segmenting | None) -> Axes:
    if asked is not None and not any(len(image.sides) == 3 for image in images.values()):
        raise UsageError(f"got --axes {asked}, and there is no volume among the images; leave it out.")
    if asked is None:
        return how.axes if how else "stack"
    return "orthoplane" if asked is AxesChoice.ORTHOPLANE else "stack"


def _precision(asked: PrecisionChoice | None, how: Segmenting | None) -> Literal["auto", "fp32", "bf16"]:
    if asked is None:
        return how.precision if how else "auto"
    return PRECISIONS[asked]


def _range(text: str | None) -> GreyRange | None:
    from ..benchmark.contracts.data import GreyRange

    if text is None:
        return None
    low, _, high = text.partition("..")
    try:
        given = GreyRange(low=decimal(low), high=decimal(high))
    except ValueError:
        given = GreyRange(low=0, high=0)
    if given.low >= given.high:
        raise UsageError(f"got --range {brief(text)}, expected LOW..HIGH with LOW < HIGH, as in -2000..4000.")
    return given


def _protocol(info: WeightsInfo, name: str | None, settings: Sequence[str]) -> ScoringProtocol:
    from dataclasses import asdict

    from ..benchmark.contracts.settings import ScoringProtocol
    from ..benchmark.experiments.settings import parse_settings, with_lists
    from ..benchmark.files.validation import merge, validate
    from ..benchmark.predictions.network import settle_protocol

    changes = parse_settings(settings, ("protocol",)).get("protocol", {})
    merged = merge(asdict(settle_protocol(info, name)), changes)
    return validate(ScoringProtocol, with_lists(merged), "protocol")


def numbers(text: str | None, option: str) -> list[float] | None:
    """Read a number per channel.

    Raises:
        UsageError: It is something else.
    """
    if text is None:
        return None
    try:
        return [decimal(part) for part in text.split(",")]
    except ValueError:
        raise UsageError(
            f"got {option} {brief(text)}, expected a number per channel: 0.35 or 0.5,0.4,0.4."
        ) from None


def _make_folder(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"cannot make the folder {out} ({error.strerror}); choose another with --out."
        ) from error
