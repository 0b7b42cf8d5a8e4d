"""What found predicted objects is told beside the scores, and the truth is held against it alone."""

from __future__ import annotations

from dataclasses import replace

import pytest
from emseg_bench.benchmark.contracts.records import Decoding, TriedDecoder
from emseg_bench.reports.ceilings import ceilings
from emseg_bench.reports.sections.method import section
from emseg_bench.reports.sections.sanity import section as sanity_section

TRIED = tuple(
    TriedDecoder(options={"bias": bias, "join": 0.3}, score=score)
    for bias, score in ((0.3, 0.25), (0.5, None), (0.7, 0.5))
)
CHOSEN = Decoding(
    decoder="mutex-watershed", options=TRIED[0].options, metric="adapted-rand", cases=2, tried=TRIED
)


def decoded(trial, decoding):
    spec = replace(trial.record.spec, decoder=decoding.decoder if decoding else "")
    return replace(trial, record=replace(trial.record, spec=spec, decoding=decoding))


@pytest.fixture
def board(make):
    return make.board([*make.seeds("plain", [0.5]), *make.seeds("linked", [0.6])])


def test_settings_are_told(board, tmp_path) -> None:
    assert "Predicted objects" not in section(board, tmp_path).markdown
    asked = replace(CHOSEN, decoder="waterz", options={"threshold": 0.4}, cases=0, tried=())
    first, second = board.trials
    told = section(replace(board, trials=(decoded(first, asked), decoded(second, CHOSEN))), tmp_path).markdown
    assert "waterz: threshold 0.4; as asked for" in told
    assert (
        "mutex-watershed: bias 0.3, join 0.3; the best of 3 settings by adapted-rand (0.250) on 2 validation "
        "cases" in told
    )


def test_the_truth_says_nothing_of_objects_that_a_decoder_found(make, tmp_path) -> None:
    metric = make.metric("pq", "", "higher", of_objects=True)
    (trial,) = make.seeds("linked", [0.5], metric=metric)
    cases = trial.cases[trial.cases["metric"] == "pq"].drop(columns="metric")
    table = cases.assign(metric="pq", predictor="the truth itself", value=0.4)
    spec = replace(trial.record.spec, dataset=replace(trial.record.spec.dataset, has_instances=True))
    trial = replace(trial, record=replace(trial.record, spec=spec))
    for decoding, words, more in (
        (None, "connected components: these scores say little", "leave gaps between objects."),
        (CHOSEN, "but for models whose objects are found by mutex-watershed", "unless a decoder finds them."),
    ):
        told = replace(make.board([decoded(trial, decoding)]), sanity=table)
        assert words in " ".join(ceilings(told, told.trials[0]))
        assert more in sanity_section(told, tmp_path).markdown
