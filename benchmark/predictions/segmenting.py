"""From images and a trained network to label maps in files."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..contracts.data import Axes
from ..contracts.errors import DataError, StoreError, TrialError
from ..evaluation.inference import inference
from ..evaluation.segmenter import Segmenter
from ..evaluation.slabs import Labels
from ..evaluation.volumes import count_slices, segment_into
from ..images.intensity import to_pixels
from .images import Array, in_pixels, open_pixels, read_image
from .inference_settings import InferenceSettings
from .label_maps import volume_label_map, write_label_map
from .outputs import Output


def segment_files(
    outputs: Sequence[Output], setting: InferenceSettings, on_slice: Callable[[], None]
) -> None:
    """Make label maps, each written whole before the next is begun.

    Args:
        outputs: What to make.
        setting: With which network, and how.
        on_slice: Called after each image, and after each slice of a volume.

    Raises:
        WeightsError: The weights do not fit the network.
        DataError: An image cannot be read any more; names it.
        TrialError: The network's output is wrong; names the image.
        StoreError: A label map, or a large volume's scratch file, cannot be written.
    """
    segmenter = setting.segmenter()
    with inference(segmenter.model, setting.device, setting.precision):
        for output in outputs:
            try:
                _segment(segmenter, output, setting, on_slice)
            except (DataError, TrialError) as error:
                raise type(error)(f"{output.source}: {error}") from error
            except OSError as error:  # of reading, other errors are made
                raise StoreError(
                    f"{output.target} cannot be written ({error.strerror or error}); make space there, or "
                    "choose another --out."
                ) from error


def steps_of(outputs: Sequence[Output], axes: Axes) -> int:
    """Count how often `segment_files` will call `on_slice`."""
    return sum(count_slices(output.sides, axes) for output in outputs)


def _segment(
    segmenter: Segmenter, output: Output, setting: InferenceSettings, on_slice: Callable[[], None]
) -> None:
    if output.volume:
        _segment_volume(segmenter, output, setting, on_slice)
        return
    pixels = to_pixels(read_image(output.source, setting.channels), output.grey)
    labels = segmenter.labels(segmenter.logits(pixels))
    values = labels if setting.values is None else setting.values[labels]
    write_label_map(output.target, values, output.told)
    on_slice()


def _segment_volume(
    segmenter: Segmenter, output: Output, setting: InferenceSettings, on_slice: Callable[[], None]
) -> None:
    """Segment slab by slab; what is too large for memory meanwhile lies beside the label map."""
    volume = in_pixels(open_pixels(output.source, setting.channels), output.grey, output.source)
    with volume_label_map(output.target, volume.shape, output.told) as file:
        labels = file if setting.values is None else _Valued(file, setting.values)
        segment_into(labels, segmenter, volume, setting.axes, on_slice, scratch=output.target.parent)


class _Valued:
    """Takes labels and hands on what stands for them in files."""

    def __init__(self, labels: Labels, values: Array) -> None:
        self._labels, self._values = labels, values

    def __setitem__(self, index: slice, labels: Array, /) -> None:
        """Take the slices of a range."""
        self._labels[index] = self._values[labels]
