"""Segment a grey image with an exported ONNX file; needs numpy, onnxruntime and pillow."""

import json
import sys

import numpy as np
import onnxruntime
from PIL import Image


def segment(model: str, values: np.ndarray) -> np.ndarray:
    """Give the labels of an image (H, W) of stored values."""
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    told = json.loads(session.get_modelmeta().custom_metadata_map["emseg_bench"])
    inputs, outputs = told["input"], told["output"]
    unit = np.clip((values.astype(np.float64) - inputs["low"]) / (inputs["high"] - inputs["low"]), 0, 1)
    pixels = (unit - inputs["mean"][0]) / inputs["std"][0]
    for axis, length in enumerate(values.shape):
        missing = max(-length % inputs["sides_multiple_of"], inputs["sides_at_least"] - length)
        margins = [(0, missing if one == axis else 0) for one in (0, 1)]
        pixels = np.pad(pixels, margins, mode="reflect" if missing < length else "edge")
    (logits,) = session.run(["logits"], {"input": pixels[None, None].astype(np.float32)})
    logits = logits[0, :, : values.shape[0], : values.shape[1]]
    if outputs["activation"] == "softmax":
        return logits.argmax(axis=0).astype(np.uint8)
    return (1 / (1 + np.exp(-logits[0])) > outputs["threshold"]).astype(np.uint8)


if __name__ == "__main__":
    model, image, labels = sys.argv[1:]
    Image.fromarray(segment(model, np.asarray(Image.open(image)))).save(labels)
