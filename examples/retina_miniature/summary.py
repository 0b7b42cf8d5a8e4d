"""Pre-trained against scratch: the report's verdict and every seed; as a table, a file and a figure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
import seaborn as sns

SCRATCH, PRETRAINED = "scratch", "pre-trained"


@dataclass(frozen=True)
class Comparison:
    """One data set."""

    dataset: str
    seeds: int
    scratch: float
    pretrained: float
    difference: float
    """Pre-trained minus scratch."""
    low: float
    """Ends of the report's 95 % interval; NaN: it has none."""
    high: float
    scope: str
    """What the interval is about, in the report's words."""
    ahead: int
    """Seeds in which pre-trained is ahead: equal seeds see the same labels and crops."""


def summarise(results: Path, pretrained: Path, out: Path) -> str:
    """Write ``scores.csv``, ``summary.md`` and ``scores.png`` to `out`; return the summary.

    Args:
        results: Written by ``emseg-bench run``.
        pretrained: Written by ``emseg-bench pretrain``.
        out: Takes the files.
    """
    out.mkdir(exist_ok=True)
    scores, verdicts = read_scores(results), read_verdicts(results)
    scores.to_csv(out / "scores.csv", index=False)
    draw(scores, out / "scores.png")
    found = [compare(name, table, verdicts.loc[name]) for name, table in scores.groupby("dataset")]
    text = write(scores, found, cost(results, pretrained))
    (out / "summary.md").write_text(text)
    return text


def read_scores(results: Path) -> pd.DataFrame:
    """Read a row per data set, start and seed: mean IoU over foreground classes, and each class's IoU."""
    boards = json.loads((results / "report/leaderboard.json").read_text())["boards"]
    rows = [
        {
            "dataset": board["dataset"].rpartition(":")[2],
            "start": SCRATCH if row["initialisation"] == "scratch" else PRETRAINED,
            "seed": seed["seed"],
            "mean_iou": seed["score"],
            **dict(zip((f"iou_{name}" for name in board["class_names"]), seed["classes"], strict=True)),
        }
        for board in boards
        for row in board["rows"]
        for seed in row["seeds"]
    ]
    return pd.DataFrame(rows).sort_values(["dataset", "start", "seed"], ignore_index=True)


def read_verdicts(results: Path) -> pd.DataFrame:
    """Read the report's comparison of the two starts: better_by (positive: pre-trained), low, high, scope."""
    boards = json.loads((results / "report/leaderboard.json").read_text())["boards"]
    pairs = pd.read_csv(results / "report/comparisons.csv").set_index(["board", "metric"])
    rows = {}
    for board in boards:
        models = [row["model"] for row in board["rows"]]
        of_board = pairs.loc[[(board["title"], board["metric"]["name"])]]
        pair = of_board[of_board["model"].isin(models) & of_board["other"].isin(models)].iloc[0]
        ahead = next(row for row in board["rows"] if row["model"] == pair["model"])
        low, value, high = pair[["low", "better_by", "high"]]
        if ahead["initialisation"] == "scratch":
            low, value, high = -high, -value, -low
        name = board["dataset"].rpartition(":")[2]
        rows[name] = {"better_by": value, "low": low, "high": high, "scope": pair["scope"]}
    return pd.DataFrame.from_dict(rows, orient="index")


def compare(dataset: str, scores: pd.DataFrame, verdict: pd.Series) -> Comparison:
    """Put the report's verdict beside the means and the seeds of one data set."""
    paired = scores.pivot_table(index="seed", columns="start", values="mean_iou")
    return Comparison(
        dataset=dataset,
        seeds=len(paired),
        scratch=float(paired[SCRATCH].mean()),
        pretrained=float(paired[PRETRAINED].mean()),
        difference=float(verdict["better_by"]),
        low=float(verdict["low"]),
        high=float(verdict["high"]),
        scope=str(verdict["scope"]),
        ahead=int((paired[PRETRAINED] > paired[SCRATCH]).sum()),
    )


def cost(results: Path, pretrained: Path) -> str:
    """Say how long pre-training and one fine-tuning took."""
    record = json.loads((pretrained / "record.json").read_text())
    trials = [json.loads(file.read_text()) for file in sorted(results.glob("trials/*/record.json"))]
    seconds = {
        kind: np.median(
            [t["profile"]["train_seconds"] for t in trials if (t["spec"]["model"]["init"] == "scratch") == s]
        )
        for kind, s in ((SCRATCH, True), (PRETRAINED, False))
    }
    profile = trials[0]["profile"]
    return (
        f"Pre-training took {record['train_seconds'] / 60:.0f} min, once ({record['images_per_s']:.1f} "
        f"images/s, {record['environment']['device_name']}). Fine-tuning took "
        f"{seconds[PRETRAINED]:.0f} s with the frozen encoder and {seconds[SCRATCH]:.0f} s from scratch "
        f"(medians; {profile['device']}, {profile['threads']} thread(s))."
    )


def write(scores: pd.DataFrame, comparisons: list[Comparison], costs: str) -> str:
    """Write the summary in Markdown."""
    lines = [
        "| data | seeds | scratch | pre-trained | difference (95 % interval) | which holds | ahead in |",
        "|---|---|---|---|---|---|---|",
    ]
    for c in comparisons:
        interval = f"{c.difference:+.3f} ({c.low:+.3f} to {c.high:+.3f})"
        cells = [
            c.dataset,
            c.seeds,
            f"{c.scratch:.3f}",
            f"{c.pretrained:.3f}",
            interval,
            c.scope,
            f"{c.ahead} of {c.seeds}",
        ]
        lines.append(f"| {' | '.join(map(str, cells))} |")
    table = scores.pivot_table(index=["dataset", "seed"], columns="start", values="mean_iou")
    lines += [
        "",
        "Mean IoU over the foreground classes, per seed:",
        "",
        "| data | seed | scratch | pre-trained |",
    ]
    lines += ["|---|---|---|---|"]
    lines += [
        f"| {d} | {s} | {row[SCRATCH]:.3f} | {row[PRETRAINED]:.3f} |" for (d, s), row in table.iterrows()
    ]
    return "\n".join([*lines, "", costs, ""])


def draw(scores: pd.DataFrame, path: Path) -> None:
    """Draw a line per seed from scratch to pre-trained."""
    mpl.use("Agg")
    sns.set_theme(style="whitegrid", font_scale=0.9)
    ordered = scores.assign(start=pd.Categorical(scores["start"], [SCRATCH, PRETRAINED]))
    grid = sns.catplot(
        ordered,
        x="start",
        y="mean_iou",
        hue="seed",
        col="dataset",
        kind="point",
        palette="deep",
        height=3.2,
        aspect=0.9,
        sharey=False,
    )
    grid.set_axis_labels("", "mean IoU, test split").set_titles("{col_name}")
    grid.savefig(path, dpi=150)
