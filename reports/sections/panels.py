"""Pictures: image, truth and predictions of the same cases side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image

from ...benchmark.contracts.errors import StoreError
from ...benchmark.contracts.reporting import Board, ReportSection, Trial
from ...benchmark.images.class_colours import CLASSES, class_colour
from ..common_ground import CommonGround, ground_of
from ..error_map import KINDS, colour_of, error_map
from ..figures import FOLDER, MAX_BOARDS, no_room
from ..leaderboard import leaderboard
from ..naming import row_of
from ..overlay import fit, overlay
from ..palette import OTHER
from ..previews import Preview, previews
from ..schema import Leaderboard
from ..scores import case_scores
from ..templating import render
from ..wording import listing, metric_title, score

KIND = "image"
MODELS_SHOWN = 6
CASES_SHOWN = 4
FAST = 1
"""PNG compression; noisy images get no smaller with more."""


@dataclass(frozen=True, slots=True)
class Source:
    """The trial whose pictures stand for a model: its lowest complete seed."""

    model: str
    seed: int
    previews: dict[str, Preview]
    scores: dict[str, float]
    """By case id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One picture on the page; no `link`: there is none."""

    link: str = ""
    alt: str = ""
    below: str = ""
    errors: str = ""
    """A picture of what is wrong in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Strip:
    """The pictures of one case."""

    case: str
    section: int | None
    """Of a volume, the slice that is shown."""
    pictures: tuple[Picture, ...]


@dataclass(frozen=True, slots=True)
class Swatch:
    """An entry of the colour legend."""

    name: str
    colour: str


def section(board: Board, folder: Path) -> ReportSection | None:
    """Show what the best models make of the same test cases; None if no trial kept pictures."""
    table = leaderboard(board)
    sources, problems = _sources(board.complete, table, ground_of(board))
    if not sources:
        return _problems_only(problems)
    if len(list((folder / FOLDER).glob(f"*-case0-{KIND}.png"))) >= MAX_BOARDS:
        return ReportSection(html=render("note.html", {"text": no_room("Pictures")}))
    (folder / FOLDER).mkdir(parents=True, exist_ok=True)
    cases = _worst_first(table, sources)[:CASES_SHOWN]
    painter = _Painter(table, folder)
    strips = [painter.strip(i, case, sources) for i, case in enumerate(cases)]
    values = {
        "strips": strips,
        "sources": sources,
        "legend": _legend(table.class_names, painter.labels),
        "kinds": [Swatch(name, colour_of(kind)) for kind, name in enumerate(KINDS, 1)],
        "remarks": [*_remarks(table, sources), *problems],
    }
    return ReportSection(html=render("panels.html", values))


def _worst_first(table: Leaderboard, sources: Sequence[Source]) -> list[str]:
    """Sort the cases of the first source: that in which the mean over models is worst comes first."""
    sign = 1 if table.metric.direction == "higher" else -1

    def mean(case: str) -> float:
        values = [one.scores[case] for one in sources if np.isfinite(one.scores.get(case, np.nan))]
        return sign * sum(values) / len(values) if values else float("inf")

    return sorted(sources[0].previews, key=mean)


def _problems_only(problems: Sequence[str]) -> ReportSection | None:
    if not problems:
        return None
    return ReportSection(html=render("note.html", {"text": " ".join(problems)}))


# ---------------------------------------------------------------------------------------- sources
def _sources(
    trials: Sequence[Trial], table: Leaderboard, ground: CommonGround
) -> tuple[list[Source], list[str]]:
    """Find the best models' pictures, and say whose cannot be read."""
    first: dict[str, Trial] = {}
    for trial in sorted(trials, key=lambda trial: trial.record.spec.seed):
        first.setdefault(row_of(trial), trial)
    sources: list[Source] = []
    problems: list[str] = []
    for row in table.rows:
        if row.key not in first or len(sources) == MODELS_SHOWN:
            continue
        try:
            found = previews(first[row.key])
        except StoreError as error:
            problems.append(f"No pictures of {row.model}: {error}")
            continue
        if found:
            sources.append(_source(row.model, first[row.key], found, table.metric.name, ground))
    return sources, problems


def _source(model: str, trial: Trial, found: dict[str, Preview], metric: str, ground: CommonGround) -> Source:
    cases = ground.on(trial.cases[trial.cases["case"].isin(list(found))])
    scores = {str(case): float(value) for case, value in case_scores(cases, metric).items()}
    return Source(model, trial.record.spec.seed, found, scores)


def _remarks(table: Leaderboard, sources: Sequence[Source]) -> list[str]:
    shown = [source.model for source in sources]
    without = [row.model for row in table.rows if row.seeds and row.model not in shown]
    texts = [
        f"At most {CASES_SHOWN} of the test cases that trials keep pictures of: taken by their place in the "
        "split, none by hand, those with the worst mean score first; large images show their centre, volumes "
        "their middle slice. Each model stands "
        "by its lowest complete seed; under a prediction stands its score in the whole case, averaged over "
        "the foreground classes."
    ]
    if without:
        texts.append(f"At most {MODELS_SHOWN} models are shown; not here: {listing(without)}.")
    return texts


# --------------------------------------------------------------------------------------- pictures
class _Painter:
    """Writes the pictures of one board and keeps account of the label values in them."""

    def __init__(self, table: Leaderboard, folder: Path) -> None:
        self._table, self._folder = table, folder
        self.labels: set[int] = set()

    def strip(self, number: int, case: str, sources: Sequence[Source]) -> Strip:
        """Write the image, the truth and every model's prediction of one case."""
        stem = f"{self._table.slug}-case{number}"
        own = sources[0].previews[case]
        with Image.open(own.image) as opened:
            image = fit(opened)
        pictures = [
            self._written(image, f"{stem}-{KIND}", f"Image of case {case}"),
            self._coloured(image, own.truth, f"{stem}-truth", f"True labels of case {case}"),
        ]
        pictures += [
            self._prediction(image, source, case, f"{stem}-model{i}") for i, source in enumerate(sources)
        ]
        return Strip(case=case, section=own.section, pictures=tuple(pictures))

    def _prediction(self, image: Image.Image, source: Source, case: str, stem: str) -> Picture:
        preview = source.previews.get(case)
        if preview is None:
            return Picture()
        metric = self._table.metric
        value = score(source.scores.get(case), metric.unit)
        alt = f"Labels that {source.model}, seed {source.seed}, predicts in case {case}"
        made = self._coloured(image, preview.prediction, stem, alt, f"{metric_title(metric)} {value}")
        wrong = error_map(image, preview.truth, preview.prediction, len(self._table.class_names))
        errors = self._written(wrong.picture, f"{stem}-errors", "")
        return replace(made, errors=errors.link)

    def _coloured(self, image: Image.Image, labels: Path, stem: str, alt: str, below: str = "") -> Picture:
        made = overlay(image, labels, len(self._table.class_names))
        self.labels |= made.labels
        return self._written(made.picture, stem, alt, below)

    def _written(self, picture: Image.Image, stem: str, alt: str, below: str = "") -> Picture:
        link = f"{FOLDER}/{stem}.png"
        picture.save(self._folder / link, compress_level=FAST)
        return Picture(link=link, alt=alt, below=below)


def _legend(class_names: Sequence[str], labels: set[int]) -> list[Swatch]:
    """Name every foreground class, and grey if some pixels have no class."""
    swatches = [Swatch(name, class_colour(label)) for label, name in enumerate(class_names) if label > 0]
    if len(swatches) > len(CLASSES):
        swatches = [Swatch(f"{item.name} (label {i})", item.colour) for i, item in enumerate(swatches, 1)]
    if any(label >= len(class_names) for label in labels):
        swatches.append(Swatch("not scored", OTHER))
    return swatches
