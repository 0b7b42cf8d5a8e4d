import math

import numpy as np
import pandas as pd
import pytest
from emseg_bench.benchmark.contracts.data import Case, Manifest
from emseg_bench.benchmark.contracts.errors import DataError, TrialError
from emseg_bench.benchmark.evaluation import metrics
from emseg_bench.benchmark.evaluation.aggregation import primary_score
from emseg_bench.benchmark.evaluation.scoring import COLUMNS, score_case, to_frame
from emseg_bench.reports.scores import scores_of


def case_of(name="a", group=None, height=2, width=3):
    return Case(id=name, split="test", height=height, width=width, sha256="0", group=group)


MANIFEST = Manifest(
    dataset="toy",
    class_names=("background", "membrane", "vesicle"),
    channels=1,
    mean=(0.5,),
    std=(0.2,),
    cases=(),
    ignore_value=255,
    voxel_size_nm=(4.0, 4.0),
    split_rule="none",
)
TRUTH = np.array([[0, 1, 1], [1, 0, 255]], np.uint8)
PREDICTION = np.array([[0, 1, 0], [1, 1, 2]], np.uint8)


def table(case=None, **chosen):
    chosen = chosen or {"iou": metrics.iou(), "recall": metrics.recall()}
    return to_frame(score_case(case or case_of(), TRUTH, PREDICTION, MANIFEST, chosen))


def frame_of(*rows):
    """Make a table from (case, class index, metric, value)."""
    return pd.DataFrame(rows, columns=["case", "class_index", "metric", "value"])


def test_rows_are_tidy_and_complete():
    frame = table()
    assert tuple(frame.columns) == COLUMNS
    assert len(frame) == 3 * (2 + 4)
    assert set(frame["metric"]) == {"iou", "recall", "tp", "fp", "fn", "tn"}
    assert not frame.duplicated(["case", "class_index", "metric"]).any()
    assert (frame["height"] == 2).all()
    assert (frame["width"] == 3).all()
    assert dict(zip(frame["class_index"], frame["class_name"], strict=True)) == dict(
        enumerate(MANIFEST.class_names)
    )


def test_values_are_hand_computed():
    values = table().pivot_table(index="class_index", columns="metric", values="value", dropna=False)
    assert values.loc[1, ["tp", "fp", "fn", "tn"]].tolist() == [2, 1, 1, 1]
    assert values.loc[1, "iou"] == pytest.approx(2 / 4)
    assert values.loc[1, "recall"] == pytest.approx(2 / 3)
    assert values.loc[2, ["tp", "fp", "fn", "tn"]].tolist() == [0, 0, 0, 5]
    assert math.isnan(values.loc[2, "iou"])


def test_scores_follow_from_the_stored_counts():
    wide = table(
        iou=metrics.iou(), dice=metrics.dice(), precision=metrics.precision(), recall=metrics.recall()
    )
    wide = wide.pivot(index="class_index", columns="metric", values="value")
    np.testing.assert_allclose(wide["iou"], wide["tp"] / (wide["tp"] + wide["fp"] + wide["fn"]))
    np.testing.assert_allclose(wide["dice"], 2 * wide["tp"] / (2 * wide["tp"] + wide["fp"] + wide["fn"]))
    np.testing.assert_allclose(wide["precision"], wide["tp"] / (wide["tp"] + wide["fp"]))
    np.testing.assert_allclose(wide["recall"], wide["tp"] / (wide["tp"] + wide["fn"]))


def test_column_types_do_not_depend_on_the_rows():
    expected = to_frame([]).dtypes
    assert (table().dtypes == expected).all()
    assert (table(case_of(group="volume 1")).dtypes == expected).all()
    assert expected["value"] == np.float64
    assert expected["class_index"] == np.int64


def test_group_is_kept_and_absence_is_missing():
    assert table(case_of(group="volume 1"))["group"].unique().tolist() == ["volume 1"]
    assert table()["group"].isna().all()


def test_table_survives_parquet(tmp_path):
    frame = pd.concat([table(), table(case_of("b", group="g"))], ignore_index=True)
    frame.to_parquet(tmp_path / "cases.parquet")
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "cases.parquet"), frame)


def test_metric_sees_truth_prediction_and_units():
    seen = []

    def metric(scored):
        seen.append(scored)
        return [1.0, 2.0, 3.0]

    frame = table(mine=metric)
    assert frame.loc[frame["metric"] == "mine", "value"].tolist() == [1.0, 2.0, 3.0]
    (scored,) = seen
    assert np.array_equal(scored.truth, TRUTH)
    assert np.array_equal(scored.prediction, PREDICTION)
    assert (scored.ignore_value, scored.voxel_size_nm) == (255, (4.0, 4.0))
    assert len(scored.counts) == len(scored.class_names) == 3


def test_metric_with_a_wrong_number_of_values_is_named():
    with pytest.raises(TrialError, match=r"'short' gave 2 number.*3 classes"):
        table(short=lambda scored: [0.0, 1.0])


def test_wrong_truth_is_a_data_error():
    with pytest.raises(DataError, match="true label 9"):
        score_case(case_of(), np.full((2, 3), 9, np.uint8), PREDICTION, MANIFEST, {})


# --------------------------------------------------------------------------------------- primary score
def test_primary_score_is_the_mean_over_classes_of_the_mean_over_cases():
    frame = frame_of(
        ("a", 0, "iou", 0.0),  # background is left out
        ("a", 1, "iou", 0.2),
        ("b", 1, "iou", 0.4),
        ("c", 1, "iou", math.nan),  # not applicable
        ("a", 2, "iou", 0.9),
        ("b", 2, "iou", math.nan),
        ("c", 2, "iou", math.nan),
        ("a", 3, "iou", math.nan),  # applies nowhere
        ("a", 1, "dice", 1.0),  # another metric
    )
    assert primary_score(frame, "iou", skips_undefined=True) == pytest.approx((0.3 + 0.9) / 2)


def test_what_is_kept_and_what_ranks_follow_one_rule_of_undefined_classes():
    """Protocols that do not skip what is undefined used to keep states by a rule of their own."""
    holed = frame_of(
        ("a", 1, "iou", 0.2), ("b", 1, "iou", math.nan), ("a", 2, "iou", 0.8), ("b", 2, "iou", 0.4)
    )
    whole = frame_of(("a", 1, "iou", 0.2), ("b", 1, "iou", 0.0), ("a", 2, "iou", 0.8), ("b", 2, "iou", 0.4))
    assert primary_score(holed, "iou", skips_undefined=True) == pytest.approx((0.2 + 0.6) / 2)
    assert primary_score(holed, "iou", skips_undefined=False) is None
    assert primary_score(whole, "iou", skips_undefined=False) == pytest.approx((0.1 + 0.6) / 2)
    for frame in (holed, whole):
        for skips in (True, False):
            ranked = scores_of(frame.assign(trial=0), skips_undefined=skips).overall.set_index("metric")[
                "value"
            ]
            kept = primary_score(frame, "iou", skips_undefined=skips)
            assert ranked["iou"] == pytest.approx(math.nan if kept is None else kept, nan_ok=True)


def test_primary_score_is_not_the_mean_over_all_rows():
    frame = frame_of(("a", 1, "iou", 0.0), ("b", 1, "iou", 0.0), ("a", 2, "iou", 1.0))
    assert primary_score(frame, "iou", skips_undefined=True) == pytest.approx(0.5)


@pytest.mark.parametrize(
    "frame",
    [
        to_frame([]),
        frame_of(("a", 1, "iou", math.nan)),
        frame_of(("a", 0, "iou", 1.0)),
        frame_of(("a", 1, "dice", 1.0)),
    ],
    ids=["no case", "not applicable", "background only", "another metric"],
)
def test_primary_score_is_none_where_the_metric_applies_nowhere(frame):
    assert primary_score(frame, "iou", skips_undefined=True) is None


def test_primary_score_of_a_real_table():
    assert primary_score(table(), "iou", skips_undefined=True) == pytest.approx(0.5)
