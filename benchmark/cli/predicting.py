"""``emseg-bench predict``: label maps from trained weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from ..errors import StoreError, UsageError
from .exit_codes import interruptible
from .running import PrecisionChoice

if TYPE_CHECKING:
    from ..contracts import Axes, ScoringProtocol
    from ..predictions.setting import Setting

EXAMPLES = """Examples:

  emseg-bench predict images --weights results/trials/FINGERPRINT/weights.safetensors --out segmented

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
            help="Images or volumes, or folders of them: PNG, TIFF, NRRD or NIfTI.", metavar="IMAGES..."
        ),
    ],
    weights: Annotated[
        str,
        typer.Option(help="A trial's weights.safetensors, or the name of imported weights of a whole model."),
    ],
    out: Annotated[Path, typer.Option(help="Folder for the label maps.")],
    protocol: Annotated[
        str, typer.Option(help="How to segment: emseg-v1 or retina-2025; windows, blending, padding.")
    ] = "emseg-v1",
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="KEY=VALUE", help="Change one value: protocol.overlap=0.7, protocol.flips=true."
        ),
    ] = None,
    axes: Annotated[
        AxesChoice | None,
        typer.Option(help="Cut volumes along z, or along z, y and x.  [default: stack]"),
    ] = None,
    mean: Annotated[
        str | None, typer.Option(help="Normalise by this mean, per channel, 0-1 scale: 0.35.")
    ] = None,
    std: Annotated[str | None, typer.Option(help="And by this standard deviation: 0.017.")] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:N or mps.")] = "auto",
    precision: Annotated[
        PrecisionChoice, typer.Option(help="bf16: bfloat16 under autocast; auto: where the hardware has it.")
    ] = PrecisionChoice.AUTO,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Make label maps anew that are there already.")
    ] = False,
) -> None:
    """Segment images or volumes with trained weights."""
    from ..openmp import share_cores
    from ..plugins import load_plugins
    from ..predictions.images import find_images, unread
    from ..predictions.network import find_weights, settle_normalisation, settle_window
    from ..predictions.setting import Setting
    from ..profiling.hardware import choose_device
    from ..profiling.precision import resolve_precision

    share_cores()
    found = find_images(images)
    for note in unread(images):
        typer.echo(note, err=True)
    chosen = _protocol(protocol, set_ or [])
    trained = find_weights(weights, load_plugins().catalogue)
    where = choose_device(device)
    setting = Setting(
        weights=trained,
        protocol=chosen,
        normalisation=settle_normalisation(trained.info, _numbers(mean, "--mean"), _numbers(std, "--std")),
        window=settle_window(trained.info, chosen, trained.offer.card.size_divisor),
        axes=_axes(axes, found),
        device=where,
        precision=resolve_precision(PRECISIONS[precision], where),
    )
    with interruptible():
        _predict(found, setting, out, overwrite=overwrite)


def _predict(images: Mapping[str, Path], setting: Setting, out: Path, *, overwrite: bool) -> None:
    from ..predictions.outputs import plan_outputs
    from ..predictions.segmenting import segment_files, steps_of
    from .console import Console
    from .steps import steps
    from .tables import say

    console = Console(stderr=True)
    _make_folder(out)
    with steps("reading", len(images), console) as on_image:
        todo, there = plan_outputs(images, out, setting, overwrite=overwrite, on_image=on_image)
    info = setting.weights.info
    say(console, f"{info.origin}; protocol {setting.protocol.name}; {setting.device}, {setting.precision}")
    if todo:
        with steps("segmenting", steps_of(todo, setting.axes), console) as on_slice:
            segment_files(todo, setting, on_slice)
    labels = ", ".join(f"{label} {name}" for label, name in enumerate(info.class_names))
    typer.echo(
        f"{len(todo)} label map(s) made in {out}, {there} there already{f'; labels: {labels}' * bool(labels)}"
    )


def _axes(asked: AxesChoice | None, images: Mapping[str, Path]) -> Axes:
    from ..predictions.volume_files import is_volume

    if asked is not None and not any(is_volume(path) for path in images.values()):
        raise UsageError(f"got --axes {asked}, and there is no volume among the images; leave it out.")
    return "orthoplane" if asked is AxesChoice.ORTHOPLANE else "stack"


def _protocol(name: str, settings: Sequence[str]) -> ScoringProtocol:
    from dataclasses import asdict

    from ..contracts import ScoringProtocol
    from ..predictions.rules import find_protocol
    from ..settings import parse_settings
    from ..validation import merge, validate

    changes = parse_settings(settings, ("protocol",)).get("protocol", {})
    return validate(ScoringProtocol, merge(asdict(find_protocol(name)), changes), "protocol")


def _numbers(text: str | None, option: str) -> list[float] | None:
    if text is None:
        return None
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise UsageError(
            f"got {option} {text}, expected a number per channel: 0.35 or 0.5,0.4,0.4."
        ) from None


def _make_folder(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"cannot make the folder {out} ({error.strerror}); choose another with --out."
        ) from error
