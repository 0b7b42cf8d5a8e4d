"""The answer in plain words."""

from __future__ import annotations

import math

from emseg_bench.reports.leaderboard import leaderboard
from emseg_bench.reports.statistics import Estimate
from emseg_bench.reports.wording import listing, metric_title, number, plural, score, span, spread


def said(make, *trials) -> str:
    return " ".join(leaderboard(make.board([trial for group in trials for trial in group])).claims)


def test_a_clear_lead(make) -> None:
    text = said(make, make.seeds("good@x", [0.90, 0.91, 0.92]), make.seeds("fair@x", [0.70, 0.71, 0.72]))
    assert text.startswith("On synthetic-em, good@x leads with mean IoU 0.910 ± 0.010 (3 seeds).")
    assert (
        "It is surely better than fair@x with other seeds on these images, by 0.200 (95 % interval 0.177 to "
        "0.223)." in text
    )


def test_a_tie_and_the_cheaper_one(make) -> None:
    fast = make.replace(make.profile, latency_p50_ms=8.1)
    text = said(make, make.seeds("a@x", [0.6, 0.7, 0.8]), make.seeds("b@x", [0.59, 0.69, 0.79], profile=fast))
    assert (
        "It is not surely better than b@x with other seeds on these images: the difference is 0.010 (95 % "
        "interval −0.217 to 0.237)."
    ) in text
    assert "b@x has the lowest latency: 8.10 ms per image (p50) against 41.2 ms." in text


def test_latency_of_another_device_is_not_compared(make) -> None:
    fast = make.replace(make.profile, latency_p50_ms=8.1, device="Test GPU")
    text = said(make, make.seeds("a@x", [0.6, 0.7, 0.8]), make.seeds("b@x", [0.59, 0.69, 0.79], profile=fast))
    assert "latency" not in text


def test_nearly_equal_latencies_make_nobody_cheaper(make) -> None:
    near = make.replace(make.profile, latency_p50_ms=41.1)
    text = said(make, make.seeds("a@x", [0.6, 0.7, 0.8]), make.seeds("b@x", [0.59, 0.69, 0.79], profile=near))
    assert "latency" not in text


def test_one_seed(make) -> None:
    text = said(make, make.seeds("a@x", [0.6]), make.seeds("b@x", [0.5]))
    assert "has the highest mean IoU, 0.600 (1 seed). Nothing tells how much of the order is chance" in text
    assert "±" not in text


def test_a_runner_up_with_one_seed(make) -> None:
    text = said(make, make.seeds("a@x", [0.6, 0.61]), make.seeds("b@x", [0.5]))
    assert "It is not surely better than b@x with other seeds" in text


def test_one_model(make) -> None:
    text = said(make, make.seeds("a@x", [0.6, 0.7]))
    assert text == "On synthetic-em, a@x is the only model with a score: mean IoU 0.650 ± 0.071 (2 seeds)."


def test_nothing_complete(make) -> None:
    assert said(make, [make.failed("a@x")]) == "On synthetic-em no trial is complete: 1 trial failed."


def test_nothing_applicable(make) -> None:
    text = said(make, [make.trial(iou={1: [math.nan]})])
    assert text == "On synthetic-em IoU applies to no case, so there is no ranking."


def test_a_metric_with_a_unit(make) -> None:
    distance = make.metric("hausdorff", "nm", "lower")
    text = said(
        make,
        make.seeds("a@x", [20.0, 30.0], metric=distance),
        make.seeds("b@x", [900.0, 901.0], metric=distance),
    )
    assert "a@x leads with mean hausdorff 25.00 ± 7.071 nm (2 seeds)" in text


def test_numbers() -> None:
    assert [number(x) for x in (None, math.nan, 0, 12.345, 0.012345, 1240.4, 999.9)] == [
        *("n/a", "n/a", "0", "12.3", "0.0123", "1240", "1000"),
    ]
    assert [score(x) for x in (0.5, None, -0.0001, -0.25)] == ["0.500", "n/a", "0.000", "−0.250"]
    assert spread(Estimate(mean=0.5, sd=None, seeds=1)) == "0.500"
    assert spread(Estimate(mean=0.5, sd=0.0001, seeds=3)) == "0.500 ± <0.001"
    assert spread(Estimate(mean=0.5, sd=0.0, seeds=3)) == "0.500 ± 0.000"
    assert spread(Estimate(mean=None, sd=None, seeds=0)) == "n/a"


def test_intervals() -> None:
    assert span(0.001, 0.0412) == "0.001 to 0.041"
    assert span(None, None) == "n/a"


def test_lists() -> None:
    assert listing([]) == ""
    assert listing(["a"]) == "a"
    assert listing(["a", "b", "c"]) == "a, b and c"
    assert listing([str(i) for i in range(20)]) == "0, 1, 2, 3, 4, 5 and 14 more"
    assert [plural(n, "trial") for n in (0, 1, 1200)] == ["0 trials", "1 trial", "1,200 trials"]


def test_titles_of_metrics_are_those_of_their_cards(make) -> None:
    """A plugin's by its record; a built-in one's by its name too, since old records hold no titles."""
    assert (
        metric_title(make.metric("membrane_gap[px=3]", title="gap of membranes")) == "gap of membranes[px=3]"
    )
    assert metric_title(make.metric("membrane_gap[px=3]")) == "membrane gap[px=3]"
    assert metric_title(make.metric("iou")) == metric_title("iou") == "IoU"
    assert metric_title("nsd[tolerance_nm=20]") == "NSD[tolerance_nm=20]"
    assert [metric_title(name) for name in ("voi-split", "pq", "pooled iou")] == [
        "VOI split",
        "PQ",
        "pooled IoU",
    ]
