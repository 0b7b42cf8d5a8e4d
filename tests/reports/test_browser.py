"""The page in a real browser, from disk and without a network."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from emseg_bench.reports.build import build
from emseg_bench.reports.plugin import emseg_report_sections

BROWSER = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)
QUIET = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"),
    *(
        "--disable-component-update",
        "--disable-sync",
        "--enable-logging=stderr",
        "--virtual-time-budget=2000",
    ),
)
SORT = """<script>
const table = document.querySelector("table.sortable");
table.tHead.rows[table.tHead.rows.length - 1].cells[2].querySelector("button").click();
document.title = [...table.tBodies[0].rows].map((row) => row.cells[1].innerText).join(" ");
</script>"""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(BROWSER is None, reason="no chromium on this machine"),
]


@pytest.fixture
def index(make, tmp_path) -> Path:
    hostile = "<img src=x onerror=document.title='hacked'>@x"
    trials = [
        *make.seeds("b@x", [0.7, 0.71]),
        *make.seeds("c@x", [0.8, 0.81]),
        *make.seeds(hostile, [0.2, 0.21]),
        make.failed("a@x"),
    ]
    make.previews(trials[0], ["case0"], labels=2)
    return build(
        [make.board(trials)], emseg_report_sections(), tmp_path / "r", generated="today", version="0.1.0"
    ).index


def browse(index: Path, profile: Path, *options: str) -> tuple[str, str]:
    """Load a page; return its document when all scripts have run, and the browser's log."""
    assert BROWSER
    command = [BROWSER, *QUIET, *options, f"--user-data-dir={profile}", "--dump-dom", index.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout, done.stderr


def test_the_page_loads_without_a_complaint(index, tmp_path) -> None:
    document, log = browse(index, tmp_path / "profile")
    assert not re.findall(r".*(?:CONSOLE|ERR_|Uncaught).*", log)
    assert "<title>EM segmentation leaderboard: synthetic-em</title>" in document, "no name was run as code"
    assert "0.805 ± 0.007" in document
    assert document.count('<button type="button">') > 10, "the script has made headers sortable"


def test_a_click_on_a_header_sorts(index, tmp_path) -> None:
    page = index.read_text()
    index.write_text(page.replace("</body>", f"{SORT}</body>"))
    document, _ = browse(index, tmp_path / "profile")
    (title,) = re.findall(r"<title>(.*?)</title>", document, flags=re.DOTALL)
    assert re.findall(r"\b[abc]@x", title) == ["b@x", "c@x", "a@x"], "ascending by score, n/a last"
    assert 'aria-sort="ascending"' in document


WIDE = """<script>
const tables = [...document.querySelectorAll(".scroll")];
const wide = tables.filter((table) => table.scrollWidth > table.clientWidth);
document.title = "wide: " + wide.map((table) => table.getAttribute("aria-label")).join(" | ");
</script>"""


def test_nothing_scrolls_sideways_in_a_window_of_1280_px(make, tmp_path) -> None:
    """Five classes, several seeds, long names and published rows: what a board of a benchmark has."""
    names = (
        "background",
        "cell",
        "mitochondrion",
        "alpha granule",
        "canalicular vessel",
        "dense granule",
        "core",
    )
    iou = {label: [0.5, 0.6] for label in (2, 3, 4, 5, 6)}
    trials = [
        make.trial(
            model=model,
            seed=seed,
            class_names=names,
            iou={label: [value + seed / 100 for value in values] for label, values in iou.items()},
            counts={label: [(5, 2, 3)] * 2 for label in iou},
            dataset="guay",
            depth=24,
            rules={"scored_classes": (2, 3, 4, 5, 6), "mask_by_truth": True, "axes": "stack"},
        )
        for model in ("retina[hidden=768]@cem500k-reconstruction", "unet-resnet50@imagenet")
        for seed in range(2)
    ]
    folder = tmp_path / "r"
    index = build(
        [make.board(trials)], emseg_report_sections(), folder, generated="today", version="0.1.0"
    ).index
    page = index.read_text().replace("<details>", "<details open>")
    index.write_text(page.replace("</body>", f"{WIDE}</body>"))
    document, _ = browse(index, tmp_path / "profile", "--window-size=1280,900")
    assert "<title>wide: </title>" in document, re.findall(r"<title>.*?</title>", document)


PRINTED = """<script>
addEventListener("load", () => {
  const all = [...document.querySelectorAll("details")];
  dispatchEvent(new Event("beforeprint"));
  const open = all.filter((part) => part.open).length;
  dispatchEvent(new Event("afterprint"));
  const left = all.filter((part) => part.open).length;
  document.querySelector("a:has(> img)").click();
  const shown = document.querySelector("dialog[open] img");
  document.title = `printed ${open === all.length} then ${left} zoom ${shown !== null && shown.alt !== ""}`;
});
</script>"""


def test_paper_opens_what_is_closed_and_a_click_enlarges_a_picture(index, tmp_path) -> None:
    index.write_text(index.read_text().replace("</body>", f"{PRINTED}</body>"))
    document, log = browse(index, tmp_path / "profile")
    assert not re.findall(r".*(?:CONSOLE|ERR_|Uncaught).*", log)
    assert "<title>printed true then 0 zoom true</title>" in document
