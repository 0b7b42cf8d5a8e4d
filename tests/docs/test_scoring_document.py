"""The table of protocols in docs/scoring.md is what the presets are."""

from dataclasses import replace
from pathlib import Path

from emseg_bench.benchmark.experiments.presets import protocols

DOCUMENT = Path(__file__).parents[2] / "docs/scoring.md"


def windowed(value):
    """What stands in a row about windows: nothing for a protocol that sees whole images."""
    return lambda p: "–" if str(p.window).startswith("whole") else str(value(p))


ROWS = {
    "an image is seen": lambda p: "whole, resized" if p.window == "whole-resized" else "in windows",
    "window (px)": windowed(lambda p: "the training crop" if p.window == "crop" else p.window),
    "overlap of windows": windowed(lambda p: p.overlap),
    "the same in slices of volumes": windowed(lambda p: p.slice_overlap),
    "weights where windows overlap": windowed(lambda p: p.blending),
    "averaged there": windowed(lambda p: p.blend_on),
    "mirror images": lambda p: "yes" if p.flips else "no",
    "around images below the window": windowed(lambda p: p.padding),
    "threshold of binary tasks": lambda p: str(p.threshold),
    "metric that ranks": lambda p: f"`{p.primary}`",
    "also shown": lambda p: ", ".join(f"`{metric}`" for metric in p.metrics if metric != p.primary),
}
MATCHED = "-perez"


def test_table_is_true():
    lines = DOCUMENT.read_text().splitlines()
    shown = [protocol for protocol in protocols().values() if not protocol.name.endswith(MATCHED)]
    first, *others = (f"`{protocol.name}`" for protocol in shown)
    assert f"| | {first} (default) | {' | '.join(others)} |" in lines
    for title, value in ROWS.items():
        assert f"| {title} | {' | '.join(map(value, shown))} |" in lines


def test_matching_objects_is_all_that_a_protocol_for_perez_adds():
    for name in ("retina-2025", "cem500k-2021"):
        plain, matched = protocols()[name], protocols()[name + MATCHED]
        assert matched.primary == "iou-matched"
        assert replace(matched, name=name, metrics=plain.metrics, primary=plain.primary) == replace(
            plain, volumes="refused"
        )
