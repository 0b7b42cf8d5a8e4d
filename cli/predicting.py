"""``emseg-bench predict``: label maps from trained weights."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, cast

import typer

from ..benchmark.contracts.errors import StoreError, UsageError
from ..benchmark.files.numbers import decimal
from ..benchmark.files.printable import brief
from .exit_codes import interruptible
from .trial_options import PrecisionChoice

if TYPE_CHECKING:
    from ..benchmark.contracts.data import Axes, GreyRange
    from ..benchmark.contracts.settings import ScoringProtocol
    from ..benchmark.predictions.asked import Asked, Format
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


class FormatChoice(StrEnum):
    """What ``--format`` takes."""

    PNG = "png"
    TIFF = "tiff"
    OME_ZARR = "ome-zarr"
    HDF5 = "hdf5"


class ProbabilitiesChoice(StrEnum):
    """What ``--probabilities`` takes."""

    UINT8 = "uint8"
    FLOAT16 = "float16"


class UncertaintyChoice(StrEnum):
    """What ``--uncertainty`` takes."""

    ENTROPY = "entropy"
    DISAGREEMENT = "disagreement"


class AxesChoice(StrEnum):
    """What ``--axes`` takes."""

    STACK = "stack"
    ORTHOPLANE = "orthoplane"


def predict(
    images: Annotated[
        list[Path],
        typer.Argument(
            help="Images or volumes, or folders of them: PNG, JPEG, TIFF, HDF5 (a.h5:/raw), zarr, OME-Zarr "
            "(a.zarr:/1 is its level 1), NRRD, NIfTI, MRC",
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
    seeds: Annotated[
        str | None,
        typer.Option(
            help="all: average the probabilities of all seeds of the model.  [default: the best one]",
            metavar="all",
        ),
    ] = None,
    format_: Annotated[
        FormatChoice | None,
        typer.Option("--format", help="Of what is written.  [default: PNG of images, TIFF of volumes]"),
    ] = None,
    probabilities: Annotated[
        ProbabilitiesChoice | None,
        typer.Option(help="Write the probability of every class, too: as 0 to 255, or as 16-bit floats."),
    ] = None,
    uncertainty: Annotated[
        UncertaintyChoice | None,
        typer.Option(
            help="Write how unsure the model is, too, as 0 to 255: entropy of the probabilities, or with "
            "--seeds all what of it is the seeds' disagreement."
        ),
    ] = None,
    instances: Annotated[
        bool,
        typer.Option(
            "--instances", help="Write numbers of objects, too (connected components of each class)."
        ),
    ] = False,
    decoder: Annotated[
        str | None,
        typer.Option(
            help="Write numbers of objects that this one of 'list decoders' finds: NAME or "
            "NAME[OPTION=VALUE,...].",
            metavar="NAME",
        ),
    ] = None,
    overlays: Annotated[
        bool, typer.Option("--overlays", help="Write pictures of the labels over the image, too.")
    ] = False,
    roi: Annotated[
        str | None,
        typer.Option(
            help="Segment a part: z0:z1,y0:y1,x0:x1 in voxels, of images y0:y1,x0:x1; ends may be left out.",
            metavar="RANGES",
        ),
    ] = None,
    rescale: Annotated[
        bool,
        typer.Option(
            "--rescale",
            help="Bring pixels to the size of those of training before they are segmented, and labels back.",
        ),
    ] = False,
    rescale_to: Annotated[float | None, typer.Option(help="Or to this side, in nm.", metavar="NM")] = None,
    voxel_size: Annotated[
        str | None,
        typer.Option(help="Sides of a voxel in nm, whatever the files say: 8,8 (y,x) or 30,8,8 (z,y,x)."),
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
    device: Annotated[
        str,
        typer.Option(
            help="auto, cpu, cuda (all GPUs), cuda:N, mps, or several: cuda:0,cuda:1; volumes are shared out."
        ),
    ] = "auto",
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
    from ..benchmark.predictions.asked import check_asked
    from ..benchmark.predictions.decoding import COMPONENTS
    from ..benchmark.predictions.greys import settle_greys
    from ..benchmark.predictions.images import find_images, unread
    from ..benchmark.predictions.inference_settings import InferenceSettings
    from ..benchmark.predictions.network import (
        check_neighbours,
        find_weights,
        settle_normalisation,
        settle_window,
    )
    from ..benchmark.predictions.outputs import check_places
    from ..benchmark.profiling.hardware import choose_devices
    from ..benchmark.profiling.precision import resolve_precision

    share_cores()
    decoder = COMPONENTS if decoder is None and instances else decoder
    asked = _asked(format_, probabilities, uncertainty, roi, decoder, overlays=overlays)
    found = find_images(images)
    for note in unread(images):
        typer.echo(note, err=True)
    check_output_folder(out, "--out", [one for one in images if one.resolve() == out.resolve()])
    check_places(found, out)
    trained, *others = (
        find_weights(place, load_plugins().catalogue) for place in _weights(model, weights, seeds)
    )
    chosen = _protocol(trained.info, protocol, set_ or [])
    where, *more = choose_devices(device)
    given, how = _range(range_), trained.info.segmenting
    with interruptible():
        seen = _look_at(found, trained.image_channels, _voxel_size(voxel_size))
    check_neighbours(trained, images=any(len(image.sides) == 2 for image in seen.values()))
    greys, notes = settle_greys(list(seen.values()), trained.info.grey_range, given)
    setting = InferenceSettings(
        weights=trained,
        others=tuple(others),
        protocol=chosen,
        normalisation=settle_normalisation(trained.info, numbers(mean, "--mean"), numbers(std, "--std")),
        window=settle_window(trained.info, chosen, trained.size_divisor),
        axes=_axes(axes, seen, how),
        device=where,
        more_devices=tuple(more),
        precision=resolve_precision(_precision(precision, how), where),
        greys=greys,
        rescaled_to_nm=_rescaled(seen, trained.info, rescale_to, wanted=rescale),
    )
    volumes = any(len(image.sides) == 3 for image in seen.values())
    check_asked(asked, members=len(setting.members), axes=setting.axes, volumes=volumes)
    with interruptible():
        _predict(seen, setting, asked, out, notes, overwrite=overwrite)


def _asked(
    format_: FormatChoice | None,
    probabilities: ProbabilitiesChoice | None,
    uncertainty: UncertaintyChoice | None,
    roi: str | None,
    decoder: str | None,
    *,
    overlays: bool,
) -> Asked:
    from ..benchmark.predictions.asked import Asked, read_roi
    from ..benchmark.predictions.decoding import find_decoder

    return Asked(
        format=cast("Format | None", format_ and format_.value),
        probabilities=cast('Literal["uint8", "float16"] | None', probabilities and probabilities.value),
        uncertainty=cast('Literal["entropy", "disagreement"] | None', uncertainty and uncertainty.value),
        decoder=None if decoder is None else find_decoder(decoder),
        overlays=overlays,
        roi=read_roi(roi),
    )


def _rescaled(
    images: Mapping[str, Seen], info: WeightsInfo, side: float | None, *, wanted: bool
) -> float | None:
    """Say to which side in nm pixels are brought; None: they stay as they are."""
    from ..benchmark.predictions.pixel_sizes import check_known, check_sized

    if side is None:
        return check_known(images.values(), info) if wanted else None
    if wanted or not 0 < side < math.inf:
        raise UsageError(f"got --rescale-to {side:g}, expected a side in nm above 0, without --rescale.")
    check_sized(images.values())
    return side


def _voxel_size(text: str | None) -> tuple[float, ...] | None:
    size = numbers(text, "--voxel-size")
    if size is not None and (len(size) not in (2, 3) or not all(0 < side < math.inf for side in size)):
        raise UsageError(f"got --voxel-size {brief(str(text))}, expected sides in nm: 8,8 or 30,8,8.")
    return tuple(size) if size else None


def _weights(model: str | None, weights: str | None, seeds: str | None) -> list[str]:
    """Say which weights are meant, and of a results folder's model which trial it is, or all seeds."""
    from ..benchmark.predictions.choosing import FORM, choose_seeds, choose_trial

    if (model is None) == (weights is None):
        got = "got both --model and --weights" if model else "no weights were named"
        raise UsageError(
            f"{got}; expected --model {FORM}, or --weights with a trial's weights.safetensors or the name of "
            "imported weights."
        )
    if seeds not in (None, "all") or (seeds and model is None):
        raise UsageError(
            f"got --seeds {brief(str(seeds))}, expected --seeds all with --model; one seed is --model "
            "results:unet/3."
        )
    if model is None:
        return [str(weights)]
    chosen = choose_seeds(model) if seeds else (choose_trial(model),)
    for one in chosen:
        typer.echo(f"using {one.told}", err=True)
    return [str(one.weights) for one in chosen]


def _look_at(
    images: Mapping[str, Path], channels: int, voxel_size_nm: tuple[float, ...] | None
) -> dict[str, Seen]:
    from ..benchmark.predictions.greys import look_at
    from .console import Console
    from .progress import steps

    seen = {}
    with steps("reading", len(images), Console(stderr=True)) as on_image:
        for name, path in images.items():
            seen[name] = look_at(path, channels, voxel_size_nm)
            on_image()
    return seen


def _predict(
    images: Mapping[str, Seen],
    setting: InferenceSettings,
    asked: Asked,
    out: Path,
    notes: Sequence[str],
    *,
    overwrite: bool,
) -> None:
    from ..benchmark.predictions.greys import misfits
    from ..benchmark.predictions.outputs import plan_outputs
    from ..benchmark.predictions.pixel_sizes import other_sizes
    from ..benchmark.predictions.segmenting import segment_files, steps_of
    from .console import Console
    from .progress import steps
    from .tables import say

    console = Console(stderr=True)
    _make_folder(out)
    todo, there = plan_outputs(images, out, setting, asked, overwrite=overwrite)
    info = setting.weights.info
    say(console, f"{info.origin}; {', '.join(setting.devices)}")
    say(console, setting.how(volumes=any(len(image.sides) == 3 for image in images.values())))
    unfit = misfits(images.values(), setting.greys, setting.normalisation) if info.grey_range else ()
    sizes = () if setting.rescaled_to_nm else other_sizes(images.values(), info)
    for note in [*notes, *unfit, *sizes]:
        say(console, f"warning: {note}", "yellow")
    if todo:
        with steps("segmenting", steps_of(todo, setting), console) as on_step:
            segment_files(todo, setting, asked, on_step)
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
