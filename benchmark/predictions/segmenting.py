"""From images and a trained network to label maps in files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..errors import DataError, TrialError
from ..evaluation.labels import to_labels
from ..evaluation.segmenter import Segmenter
from ..evaluation.volumes import AXES, Axes, segment_volume
from ..inference import inference
from .images import read_pixels
from .label_maps import write_label_map
from .outputs import Output
from .setting import Setting


def segment_files(outputs: Sequence[Output], setting: Setting, on_slice: Callable[[], None]) -> None:
    """Make label maps, each written whole before the next is begun.

    Args:
        outputs: What to make.
        setting: With which network, and how.
        on_slice: Called after each image, and after each slice of a volume.

    Raises:
        WeightsError: The weights do not fit the network.
        DataError: An image cannot be read any more; names it.
        TrialError: The network's output is wrong; names the image.
    """
    segmenter = setting.segmenter()
    with inference(segmenter.model, setting.device, setting.precision):
        for output in outputs:
            try:
                labels = _segment(segmenter, output, setting, on_slice)
            except (DataError, TrialError) as error:
                raise type(error)(f"{output.source}: {error}") from error
            write_label_map(output.target, labels, output.made_from)


def steps_of(outputs: Sequence[Output], axes: Axes) -> int:
    """Count how often `segment_files` will call `on_slice`."""
    return sum(sum(output.shape[axis] for axis in AXES[axes]) if output.volume else 1 for output in outputs)


def _segment(
    segmenter: Segmenter, output: Output, setting: Setting, on_slice: Callable[[], None]
) -> np.ndarray[Any, Any]:
    pixels = read_pixels(output.source, setting.channels)
    if output.volume:
        return segment_volume(segmenter, pixels, setting.axes, on_slice)
    labels = to_labels(segmenter.logits(pixels), setting.protocol.threshold)
    on_slice()
    return labels
