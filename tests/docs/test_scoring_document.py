"""The table of protocols in docs/scoring.md is what the presets are."""

from pathlib import Path

from emseg_bench.benchmark.presets import PROTOCOLS

DOCUMENT = Path(__file__).parents[2] / "docs/scoring.md"

ROWS = {
    "window (px)": lambda p: "the training crop" if p.window == "crop" else str(p.window),
    "overlap of windows": lambda p: str(p.overlap),
    "the same in slices of volumes": lambda p: str(p.slice_overlap),
    "weights where windows overlap": lambda p: p.blending,
    "around images below the window": lambda p: p.padding,
    "threshold of binary tasks": lambda p: str(p.threshold),
    "metric that ranks": lambda p: f"`{p.primary}`",
    "also shown": lambda p: ", ".join(f"`{metric}`" for metric in p.metrics if metric != p.primary),
}


def test_table_is_true():
    lines = DOCUMENT.read_text().splitlines()
    names = list(PROTOCOLS)
    assert f"| | `{names[0]}` (default) | `{names[1]}` | `{names[2]}` |" in lines
    for title, value in ROWS.items():
        assert f"| {title} | {' | '.join(value(protocol) for protocol in PROTOCOLS.values())} |" in lines
