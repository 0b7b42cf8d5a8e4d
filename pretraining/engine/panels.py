"""Sheets of example pictures: one column per title, one row per image."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw
from torch import Tensor

GAP = 4
"""Between pictures, px."""
HEADER = 16
"""Height of the line of titles, px."""
PAPER, INK = 255, 0


def write_sheet(columns: Mapping[str, Tensor], path: Path) -> None:
    """Write pictures side by side as a grey PNG.

    Args:
        columns: Titles to (N, H, W) on the 0-1 scale.
        path: The file; its folder is made.
    """
    stacks = {title: _to_bytes(pictures) for title, pictures in columns.items()}
    rows, height, width = next(iter(stacks.values())).shape
    sheet = Image.new("L", (len(stacks) * (width + GAP) - GAP, HEADER + rows * (height + GAP) - GAP), PAPER)
    draw = ImageDraw.Draw(sheet)
    for column, (title, pictures) in enumerate(stacks.items()):
        left = column * (width + GAP)
        draw.text((left, 1), title, fill=INK)
        for row, picture in enumerate(pictures):
            sheet.paste(Image.fromarray(picture), (left, HEADER + row * (height + GAP)))
    path.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(path)


def _to_bytes(pictures: Tensor) -> np.ndarray[tuple[int, int, int], np.dtype[np.uint8]]:
    values = pictures.detach().float().cpu().numpy()
    return np.asarray((values.clip(0, 1) * 255).round().astype(np.uint8))
