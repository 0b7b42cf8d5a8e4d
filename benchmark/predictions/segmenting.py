"""From images and trained networks to label maps in files."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace

import numpy as np

from ..contracts.errors import DataError, PluginError, StoreError, TrialError
from ..evaluation.inference import inference
from ..evaluation.kept_sums import KeptSums
from ..evaluation.placing import count_windows
from ..evaluation.segmenter import Segmenter
from ..evaluation.slabs import Slabs
from ..evaluation.volumes import count_slices
from ..evaluation.working import RawArray, Work
from ..images.intensity import to_pixels
from .answers import answers
from .asked import Asked
from .decoding import decoded
from .ensemble import Ensemble, combined, to_probabilities
from .images import Array, in_pixels, open_pixels, read_image
from .inference_settings import InferenceSettings
from .objects import Objects
from .objects_table import write_objects
from .outputs import Output
from .overlays import write_overlays
from .volume_pieces import VolumePieces
from .writing.about import Stored
from .writing.files import write_file


def segment_files(
    outputs: Sequence[Output], setting: InferenceSettings, asked: Asked, on_step: Callable[[], None]
) -> None:
    """Make what is asked for, of each image whole before the next is begun.

    Args:
        outputs: What to make.
        setting: With which networks, and how.
        asked: What of each.
        on_step: Called after each window of an image, and after each slice of a volume.

    Raises:
        WeightsError: The weights do not fit the network.
        DataError: An image cannot be read any more; names it.
        TrialError: The network's output is wrong; names the image.
        PluginError: A decoder's is; names the image.
        StoreError: A file, or a large volume's work, cannot be written.
    """
    devices = setting.devices if any(output.volume for output in outputs) else setting.devices[:1]
    ensembles = [setting.ensemble(device) for device in devices]
    for output in outputs:
        scales = setting.scales(output.voxel_size_nm)
        scaled = [Ensemble(one.members, scales) for one in ensembles]
        try:
            _segment(scaled, output, setting, asked, on_step)
        except (DataError, PluginError, TrialError) as error:
            raise type(error)(f"{output.source}: {error}") from error
        except OSError as error:  # of reading, other errors are made
            raise StoreError(
                f"{output.targets['labels']} cannot be written ({error.strerror or error}); make space "
                "there, or choose another --out."
            ) from error


def steps_of(outputs: Sequence[Output], setting: InferenceSettings) -> int:
    """Count how often `segment_files` will call `on_step`."""
    return sum(_steps_of(output, setting) for output in outputs)


def _steps_of(output: Output, setting: InferenceSettings) -> int:
    if output.volume:
        return count_slices(output.box.sides, setting.axes)
    height, width = output.box.sides
    sides = Ensemble((), setting.scales(output.voxel_size_nm)).sides((height, width), "yx")
    windows = count_windows(sides, setting.axes, setting.protocol, window=setting.window)
    return windows * len(setting.members)


def _segment(
    ensembles: Sequence[Ensemble],
    output: Output,
    setting: InferenceSettings,
    asked: Asked,
    on_step: Callable[[], None],
) -> None:
    segment = _segment_volume if output.volume else _segment_image
    work = Work(output.work, lambda: "-".join(about.made_from for about in output.about.values()))
    try:
        segment(ensembles, output, setting, asked, work, on_step)
    except (DataError, PluginError, TrialError):  # nothing can go on from there
        work.remove()
        raise
    work.remove()


def _segment_image(
    ensembles: Sequence[Ensemble],
    output: Output,
    setting: InferenceSettings,
    asked: Asked,
    work: Work,
    on_step: Callable[[], None],
) -> None:
    """Segment window by window; of an image that takes long, what is known lies beside the label map."""
    image = read_image(output.source, setting.channels)[(slice(None), *output.box.slices)]
    pixels = to_pixels(image, output.grey)
    members = [_going_on(member, number, work, on_step) for number, member in enumerate(ensembles[0].members)]
    found = segment_image(Ensemble(tuple(members), ensembles[0].scales), pixels, setting, asked)
    arrays = {name: values[None] for name, values in found.items()}
    _write(arrays, np.empty(arrays["labels"].shape, np.uint32), pixels[:1], output, asked)


def _going_on(member: Segmenter, number: int, work: Work, on_step: Callable[[], None]) -> Segmenter:
    """Have a network go on with an image where it stopped."""
    kept = KeptSums(work, f"network{number}by{member.batch_size}")

    def on_windows(count: int) -> None:
        for _ in range(count):
            on_step()

    on_windows(kept.done)
    return replace(member, kept=kept, on_windows=on_windows)


def segment_image(
    ensemble: Ensemble, pixels: Array, setting: InferenceSettings, asked: Asked
) -> dict[str, Array]:
    """Segment an image (C, H, W), uint8 or float32 between 0 and 1; give what is asked for, (H, W) each.

    Raises:
        DataError: The pixels do not fit the normalisation.
        TrialError: The network's output is wrong.
    """
    with ExitStack() as held:
        for member in ensemble.members:
            held.enter_context(inference(member.model, member.device, setting.precision))
        logits = ensemble.image(pixels)
        mean = combined(logits)
        labels = ensemble.members[0].labels(mean)
        stored = labels if setting.values is None else setting.values[labels]
        return answers(stored, to_probabilities(mean), logits, asked)


def _segment_volume(
    ensembles: Sequence[Ensemble],
    output: Output,
    setting: InferenceSettings,
    asked: Asked,
    work: Work,
    on_step: Callable[[], None],
) -> None:
    """Segment piece by piece; what is known meanwhile lies beside the label map."""
    opened = open_pixels(output.source, setting.channels, output.box)
    volume = in_pixels(opened, output.grey, output.source)
    arrays = VolumePieces(volume, setting, asked, work, output.folder).run(ensembles, on_step)
    parts = work.array("parts", volume.shape, np.uint32)
    _write(arrays, parts, volume, output, asked)


def _write(
    arrays: Mapping[str, Stored], parts: RawArray | Array, pixels: Slabs, output: Output, asked: Asked
) -> None:
    """Write all that is asked for; the label map, which says that the rest is there, last."""
    values = [value for value, _ in output.about["labels"].classes]
    if asked.decoder:
        objects = Objects(decoded(asked.decoder, arrays, output.about["labels"]), parts)
        write_objects(output.targets["instances"], objects, output.about["labels"])
    if asked.overlays:
        write_overlays(output, pixels, arrays["labels"], values)
    for kind, path in reversed([*output.targets.items()]):
        write_file(path, objects if kind == "instances" else arrays[kind], output.about[kind])
