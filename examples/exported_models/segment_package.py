"""Segment a grey image with an exported package; needs bioimageio.core, onnxruntime and pillow."""

import sys

import numpy as np
from bioimageio.core import load_model_description, predict
from PIL import Image


def segment(package: str, values: np.ndarray) -> np.ndarray:
    """Give the labels of an image (H, W) of stored values; the package normalises by itself."""
    model = load_model_description(package)
    (size, _) = (axis.size for axis in model.inputs[0].axes if axis.type == "space")
    height, width = values.shape
    margins = [(0, max(-length % size.step, size.min - length)) for length in values.shape]
    padded = np.pad(values, margins, mode="symmetric")
    made = predict(model=model, inputs={"input": padded[None, None].astype(model.inputs[0].dtype)})
    probabilities = np.asarray(made.members["probabilities"].data)[0, :, :height, :width]
    if len(probabilities) == 1:
        return (probabilities[0] > 0.5).astype(np.uint8)
    return probabilities.argmax(axis=0).astype(np.uint8)


if __name__ == "__main__":
    package, image, labels = sys.argv[1:]
    Image.fromarray(segment(package, np.asarray(Image.open(image)))).save(labels)
