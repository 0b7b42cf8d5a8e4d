"""From images and trained networks to label maps in files."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack

import numpy as np

from ..contracts.data import Axes
from ..contracts.errors import DataError, StoreError, TrialError
from ..evaluation.inference import inference
from ..evaluation.slabs import Slabs
from ..evaluation.volumes import count_slices
from ..images.intensity import to_pixels
from .answers import answers
from .asked import Asked
from .components import Objects
from .ensemble import Ensemble, combined, to_probabilities
from .images import Array, in_pixels, open_pixels, read_image
from .inference_settings import InferenceSettings
from .objects_table import write_objects
from .outputs import Output
from .overlays import write_overlays
from .volume_pieces import VolumePieces
from .working import RawArray, Work
from .writing.about import Stored
from .writing.files import write_file


def segment_files(
    outputs: Sequence[Output], setting: InferenceSettings, asked: Asked, on_slice: Callable[[], None]
) -> None:
    """Make what is asked for, of each image whole before the next is begun.

    Args:
        outputs: What to make.
        setting: With which networks, and how.
        asked: What of each.
        on_slice: Called after each image, and after each slice of a volume.

    Raises:
        WeightsError: The weights do not fit the network.
        DataError: An image cannot be read any more; names it.
        TrialError: The network's output is wrong; names the image.
        StoreError: A file, or a large volume's work, cannot be written.
    """
    devices = setting.devices if any(output.volume for output in outputs) else setting.devices[:1]
    ensembles = [setting.ensemble(device) for device in devices]
    for output in outputs:
        scales = setting.scales(output.voxel_size_nm)
        scaled = [Ensemble(one.members, scales) for one in ensembles]
        try:
            _segment(scaled, output, setting, asked, on_slice)
        except (DataError, TrialError) as error:
            raise type(error)(f"{output.source}: {error}") from error
        except OSError as error:  # of reading, other errors are made
            raise StoreError(
                f"{output.targets['labels']} cannot be written ({error.strerror or error}); make space "
                "there, or choose another --out."
            ) from error


def steps_of(outputs: Sequence[Output], axes: Axes) -> int:
    """Count how often `segment_files` will call `on_slice`."""
    return sum(count_slices(output.box.sides, axes) for output in outputs)


def _segment(
    ensembles: Sequence[Ensemble],
    output: Output,
    setting: InferenceSettings,
    asked: Asked,
    on_slice: Callable[[], None],
) -> None:
    if output.volume:
        _segment_volume(ensembles, output, setting, asked, on_slice)
        return
    image = read_image(output.source, setting.channels)[(slice(None), *output.box.slices)]
    pixels = to_pixels(image, output.grey)
    ensemble = ensembles[0]
    with ExitStack() as held:
        for member in ensemble.members:
            held.enter_context(inference(member.model, member.device, setting.precision))
        logits = ensemble.image(pixels)
        mean = combined(logits)
        labels = ensemble.members[0].labels(mean)
        stored = labels if setting.values is None else setting.values[labels]
        found = answers(stored, to_probabilities(mean), logits, asked)
    arrays = {name: values[None] for name, values in found.items()}
    _write(arrays, np.empty(arrays["labels"].shape, np.uint32), pixels[:1], output, asked)
    on_slice()


def _segment_volume(
    ensembles: Sequence[Ensemble],
    output: Output,
    setting: InferenceSettings,
    asked: Asked,
    on_slice: Callable[[], None],
) -> None:
    """Segment piece by piece; what is known meanwhile lies beside the label map."""
    opened = open_pixels(output.source, setting.channels, output.box)
    volume = in_pixels(opened, output.grey, output.source)
    key = "-".join(about.made_from for about in output.about.values())
    work = Work(output.work, key)
    try:
        pieces = VolumePieces(volume, setting, asked, work, output.folder)
        arrays = pieces.run(ensembles, on_slice)
    except (DataError, TrialError):  # nothing can go on from there
        work.remove()
        raise
    parts = work.array("parts", volume.shape, np.uint32)
    _write(arrays, parts, volume, output, asked)
    work.remove()


def _write(
    arrays: Mapping[str, Stored], parts: RawArray | Array, pixels: Slabs, output: Output, asked: Asked
) -> None:
    """Write all that is asked for; the label map, which says that the rest is there, last."""
    values = [value for value, _ in output.about["labels"].classes]
    if asked.instances:
        objects = Objects(arrays["labels"], values[0], parts)
        write_objects(output.targets["instances"], objects, output.about["labels"])
    if asked.overlays:
        write_overlays(output, pixels, arrays["labels"], values)
    for kind, path in reversed([*output.targets.items()]):
        write_file(path, objects if kind == "instances" else arrays[kind], output.about[kind])
