"""The page of ``emseg-bench data inspect``: one file that opens from the disk, pictures within."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from ..benchmark.images.class_colours import class_colour
from ..datasets.inspection.survey import Example, SplitSurvey, Survey, sizes
from .overlay import fit, overlay_values
from .palette import OTHER
from .templating import render

WIDTH, HEIGHT = 640, 120
"""Of a histogram, in its own units."""


@dataclass(frozen=True, slots=True)
class _Picture:
    name: str
    split: str
    image: str
    overlay: str


@dataclass(frozen=True, slots=True)
class _Bar:
    """A class in a split."""

    name: str
    colour: str
    share: float

    @property
    def words(self) -> str:
        return f"{self.share:.2%}"


def page(survey: Survey, faults: Sequence[str]) -> str:
    """Write the page.

    Args:
        survey: What was seen.
        faults: What should be looked into.
    """
    manifest = survey.manifest
    size = manifest.voxel_size_nm
    values = {
        "name": survey.name,
        "about": _about(survey),
        "faults": faults,
        "notes": (*manifest.unread, *manifest.notes),
        "facts": (
            ("Split rule", manifest.split_rule),
            ("Voxel size", f"{' × '.join(f'{side:g}' for side in size)} nm" if size else "not known"),
            ("Channels", str(manifest.channels)),
            ("Classes", ", ".join(manifest.class_names)),
        ),
        "splits": [_split(split, survey) for split in survey.splits],
        "legend": [_Bar(name, _colour(label), 0) for label, name in enumerate(manifest.class_names)],
        "pictures": [_picture(example, len(manifest.class_names)) for example in survey.examples],
        "width": WIDTH,
        "height": HEIGHT,
    }
    return str(render("inspection.html", values))


def _about(survey: Survey) -> str:
    looked = sum(len(split.looks) for split in survey.splits)
    images = sum(split.images for split in survey.splits)
    if survey.is_whole:
        return f"{images:,} images, all of them looked at"
    return f"{images:,} images, {looked:,} of them looked at, evenly spread"


def _split(split: SplitSurvey, survey: Survey) -> dict[str, object]:
    manifest = survey.manifest
    means = [look.mean for look in split.looks]
    stds = [look.std for look in split.looks]
    return {
        "name": split.split,
        "cases": split.cases,
        "images": split.images,
        "sizes": list(sizes(split.looks))[:3],
        "mean": f"{np.mean(means):.3f}" if means else "n/a",
        "std": f"{np.mean(stds):.3f}" if stds else "n/a",
        "bars": [
            _Bar(name, _colour(label), split.share(label, manifest.ignore_value))
            for label, name in enumerate(manifest.class_names)
        ],
        "path": _outline(split.histogram),
    }


def _outline(histogram: Sequence[int]) -> str:
    """Return a histogram as the path of an SVG area."""
    top = max(histogram) or 1
    step = WIDTH / len(histogram)
    points = [
        f"L{place * step + side:.1f},{HEIGHT * (1 - number / top):.1f}"
        for place, number in enumerate(histogram)
        for side in (0, step)
    ]
    return f"M0,{HEIGHT} {' '.join(points)} L{WIDTH},{HEIGHT} Z"


def _colour(label: int) -> str:
    return class_colour(label) if label else OTHER


def _picture(example: Example, class_count: int) -> _Picture:
    """Show an image as it is, but with its darkest and brightest 0.5 % at black and white."""
    low, high = np.percentile(example.image, (0.5, 99.5))
    stretched = np.clip((example.image - low) / max(float(high - low), 1e-6), 0, 1) * 255
    image = fit(Image.fromarray(stretched.astype(np.uint8)))
    laid = overlay_values(image, Image.fromarray(example.labels.astype(np.uint8)), class_count).picture
    return _Picture(example.name, example.split, _inline(image.convert("L")), _inline(laid))


def _inline(image: Image.Image) -> str:
    """Return a picture as an address that holds it."""
    content = io.BytesIO()
    image.save(content, "PNG", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(content.getvalue()).decode()}"
