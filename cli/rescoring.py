"""``emseg-bench rescore``: other metrics for trials that have run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import typer

from ..benchmark.contracts.errors import EmsegError
from .exit_codes import ALL_DONE, SOME_FAILED, interruptible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..benchmark.files.store import Store
    from ..benchmark.plugins.loading import Plugins
    from ..benchmark.trials.rescoring import Rescoring

EXAMPLES = """Examples:

  emseg-bench rescore --metrics iou,dice,hd95

  emseg-bench rescore my_results --metrics "nsd[tolerance_nm=20],iou" --primary "nsd[tolerance_nm=20]"
"""


def rescore(
    folder: Annotated[Path, typer.Argument(help="A results folder.", metavar="DIR")] = Path("results"),
    metrics: Annotated[
        str | None,
        typer.Option(
            help="Metrics, comma-separated.  [default: each trial's own, as they are installed now]"
        ),
    ] = None,
    primary: Annotated[
        str | None, typer.Option(help="The metric that ranks.  [default: the trial's own, or the first]")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the plan and stop.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the outcome as JSON, for machines.")] = False,
) -> None:
    """Score complete trials anew from the label maps that they kept: no training, no network, no GPU."""
    from ..benchmark.files.store import Store
    from ..benchmark.plugins.loading import load_plugins
    from ..benchmark.plugins.references import parse_metric, split_list
    from ..benchmark.trials.rescoring import Wanted, plan_rescoring
    from .json_output import json_stream

    store, plugins = Store(folder), load_plugins()
    wanted = Wanted(
        metrics=tuple(str(parse_metric(text)) for text in split_list(metrics)) if metrics else None,
        primary=str(parse_metric(primary)) if primary else None,
    )
    with json_stream(as_json) as stream, interruptible("the same command scores what is left"):
        plan, damaged = plan_rescoring(store, wanted, plugins.catalogue)
        failed = {} if dry_run else _score(plan, plugins, stream)
        _tell(plan, failed, store, plugins, stream, changed=not dry_run)
    raise typer.Exit(SOME_FAILED if failed or damaged else ALL_DONE)


def _score(plan: Sequence[Rescoring], plugins: Plugins, stream: TextIO | None) -> dict[str, str]:
    """Score what is not done yet; return why some could not be, by the source's fingerprint."""
    from ..benchmark.files.cache import cache_folder
    from ..benchmark.trials.rescoring import rescore as score_anew
    from .console import Console
    from .progress import steps

    failed: dict[str, str] = {}
    todo = [item for item in plan if not item.is_done]
    with steps("scoring", len(todo), Console(stderr=stream is not None)) as on_trial:
        for item in todo:
            try:
                score_anew(item, plugins.catalogue, cache_folder())
            except EmsegError as error:
                failed[item.record.fingerprint] = str(error)
            on_trial()
    return failed


def _tell(
    plan: Sequence[Rescoring],
    failed: dict[str, str],
    store: Store,
    plugins: Plugins,
    stream: TextIO | None,
    *,
    changed: bool,
) -> None:
    from ..benchmark.experiments.planning import Plan
    from ..benchmark.trials.today import Today
    from ..benchmark.trials.trial_names import trial_name
    from ..benchmark.tuning.reading import load_reported
    from .console import Console
    from .reporting import build_report, one_report, tell_left_out
    from .summary import print_leaderboards
    from .tables import print_table, say

    rows = [_row(item, failed) for item in plan]
    with one_report(store):
        stored = load_reported(store, Today(plugins.catalogue))
        tell_left_out(stored.left_out)
        boards = stored.boards if changed else []
        if changed:
            for problem in build_report(stored, store, plugins).problems:
                typer.echo(f"warning: {problem}", err=True)
    if stream:
        data = {"trials": rows, "failed": failed, "report": str(store.report / "index.html")}
        typer.echo(json.dumps(data, indent=2), stream)
        return
    shown = ("model", "dataset", "seed", "metrics", "state")
    print_table([{key: str(row[key]) for key in shown} for row in rows])
    console = Console()
    for remark in dict.fromkeys(change for row in rows for change in row["changes"]):
        say(console, remark, "dim")
    for item in plan:
        if reason := failed.get(item.record.fingerprint):
            say(console, f"failed: {trial_name(item.job.spec)}: {reason}", "red")
    print_leaderboards(boards, Plan({item.job.fingerprint: item.job.spec for item in plan}, ()))
    if changed:
        say(console, f"report: {store.report / 'index.html'}")


def _row(item: Rescoring, failed: dict[str, str]) -> dict[str, Any]:
    from ..benchmark.trials.rescoring import changed_metrics

    spec = item.job.spec
    return {
        "fingerprint": item.job.fingerprint,
        "rescored_from": item.record.fingerprint,
        "model": spec.model.label,
        "dataset": spec.dataset.label,
        "seed": spec.seed,
        "metrics": ", ".join(metric.name for metric in spec.metrics),
        "state": _state(item, failed),
        "changes": list(changed_metrics(item.record.spec.metrics, spec.metrics)),
    }


def _state(item: Rescoring, failed: dict[str, str]) -> str:
    if item.record.fingerprint in failed:
        return "failed"
    if item.job.fingerprint == item.record.fingerprint:
        return "as it is"
    return "scored" if item.is_done else "to score"
