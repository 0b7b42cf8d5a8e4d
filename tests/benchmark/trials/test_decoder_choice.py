"""A decoder's settings are tried on the validation split, and the best finds the test split's objects."""

from __future__ import annotations

import pandas as pd
import pytest
from emseg_bench.benchmark.contracts.errors import UsageError
from emseg_bench.benchmark.contracts.settings import ScoringProtocol
from emseg_bench.benchmark.experiments.decoder_planning import find_decoder
from emseg_bench.benchmark.experiments.metric_planning import plan_metric
from emseg_bench.benchmark.files.store import Store, TrialFolder
from emseg_bench.benchmark.plugins.loading import load_plugins
from emseg_bench.benchmark.trials.decoder_choice import choose, judging_metric, tried_settings
from emseg_bench.benchmark.trials.rescoring import Wanted, plan_rescoring
from emseg_bench.benchmark.trials.trial import run_trial

CATALOGUE = load_plugins().catalogue
IOU, PQ, RAND = (plan_metric(name, CATALOGUE) for name in ("iou", "pq", "adapted-rand"))


def settings(text: str) -> list[dict]:
    return [dict(one.options) for one in tried_settings(find_decoder(text, CATALOGUE))]


def test_what_a_reference_says_is_not_tried():
    assert [one["threshold"] for one in settings("waterz")] == [0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8]
    assert settings("waterz[threshold=0.55]") == [{"threshold": 0.55, "join": 0.3}]
    found = settings("mutex-watershed[bias=0.4,join=0.5]")
    assert [(one["bias"], one["long_bias"], one["join"]) for one in found] == [
        (0.4, 0.3, 0.5),
        (0.4, 0.5, 0.5),
        (0.4, 0.7, 0.5),
    ]
    assert len(settings("boundary-watershed")) == 12
    assert len(settings("watershed")) == 1


@pytest.mark.parametrize(
    ("metrics", "primary", "expected"),
    [((IOU, PQ, RAND), "iou", "pq"), ((PQ, RAND), "adapted-rand", "adapted-rand")],
)
def test_the_primary_metric_judges_if_it_compares_objects(metrics, primary, expected):
    assert judging_metric(ScoringProtocol(name="p", primary=primary), metrics).name == expected


@pytest.mark.parametrize(
    ("metric", "scores", "place"),
    [
        (PQ, [0.1, 0.4, 0.4, None, 0.2, 0.3, 0.0], 1),
        (RAND, [0.1, 0.4, None, 0.1, 0.2, 0.3, 0.5], 0),
        (RAND, [None] * 7, 0),
    ],
)
def test_the_first_of_the_best_is_chosen(metric, scores, place):
    tried = tried_settings(find_decoder("waterz", CATALOGUE))
    chosen, told = choose(tried, scores, metric, 3)
    assert chosen == tried[place]
    assert (told.decoder, told.options, told.metric, told.cases) == ("waterz", chosen.options, metric.name, 3)
    assert [one.score for one in told.tried] == scores


def trial(make_job, runtime, *more: str, **asked):
    metrics = ("protocol.metrics=[iou, pq]", "protocol.primary=pq")
    job = make_job("toy-linked", *metrics, *more, **asked)
    return run_trial(job, runtime, lambda _: None), TrialFolder(job.folder)


@pytest.mark.parametrize("dataset", ["toy-data", "toy-volumes"])
def test_a_trial_records_what_it_tried(make_job, runtime, dataset):
    record, folder = trial(make_job, runtime, dataset=dataset)
    decoding = record.decoding
    assert record.spec.decoder == "boundary-watershed[threshold=0.6]"
    assert len(decoding.tried) == 4
    assert {one.options["threshold"] for one in decoding.tried} == {0.6}
    known = [one.score for one in decoding.tried if one.score is not None]
    best = next(one for one in decoding.tried if one.score == max(known))
    assert decoding.options == best.options
    assert decoding.metric == "pq"
    assert decoding.cases > 0
    assert set(pd.read_parquet(folder.cases)["metric"]) >= {"iou", "pq"}
    again, _ = trial(make_job, runtime, dataset=dataset, folder="again")
    assert again.decoding == decoding


def test_without_metrics_of_objects_nothing_is_decoded(make_job, runtime):
    job = make_job("toy-linked")
    assert job.spec.decoder == ""
    assert run_trial(job, runtime, lambda _: None).decoding is None


def test_objects_that_were_not_kept_are_not_scored_anew(make_job, runtime, tmp_path):
    trial(make_job, runtime, store="store")
    store, catalogue = Store(tmp_path / "store"), load_plugins().catalogue
    with pytest.raises(UsageError, match="pq compares objects, which of toy-linked"):
        plan_rescoring(store, Wanted(), catalogue)
    (planned,), _ = plan_rescoring(store, Wanted(metrics=("dice",)), catalogue)
    assert planned.job.spec.decoder == ""
