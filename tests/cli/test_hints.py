"""What somebody is told who writes the nearly right thing."""

from __future__ import annotations

import shlex

import numpy as np
import pytest
import tifffile
from emseg_bench.benchmark.contracts.errors import UnknownNameError, UsageError
from emseg_bench.benchmark.contracts.near import nearest
from emseg_bench.benchmark.plugins.dataset_lookup import find_dataset, split_datasets
from emseg_bench.benchmark.plugins.loading import load_plugins
from emseg_bench.benchmark.plugins.references import escaped, parse_dataset, split_list
from hypothesis import given
from hypothesis import strategies as st

METRICS = ("iou", "dice", "hd95", "voi-merge", "voi-split", "object-f1", "adapted-rand", "boundary-iou")
MODELS = ("unet", "unet-classic", "retina", "segformer", "nnunet-resenc", "deeplabv3plus")


@pytest.mark.parametrize(
    ("name", "known", "expected"),
    [
        ("UNet", MODELS, ["unet"]),
        ("U-Net", MODELS, ["unet"]),
        ("Retina ", MODELS, ["retina"]),
        ("nnunet", MODELS, ["nnunet-resenc"]),
        ("deeplab", MODELS, ["deeplabv3plus"]),
        ("unet2d", MODELS, ["unet"]),
        ("segfromer", MODELS, ["segformer"]),
        ("voi", METRICS, ["voi-merge", "voi-split"]),
        ("VOI", METRICS, ["voi-merge", "voi-split"]),
        ("jaccard", METRICS, ["iou"]),
        ("IoU", METRICS, ["iou"]),
        ("F1", METRICS, ["dice"]),
        ("rand", METRICS, ["adapted-rand"]),
        ("hausdorff", METRICS, ["hd95"]),
        ("merge", METRICS, ["voi-merge"]),
        ("xyzzy", METRICS, []),
        ("", METRICS, []),
    ],
)
def test_near_names(name, known, expected):
    assert nearest(name, known) == expected


def test_the_error_asks_for_what_is_near():
    assert "did you mean 'voi-merge' or 'voi-split'? known:" in str(
        UnknownNameError("metric", "voi", METRICS)
    )


def test_a_path_in_place_of_a_dataset(invoke, work):
    (work / "data/x/images").mkdir(parents=True)
    (work / "vols").mkdir()
    tifffile.imwrite(work / "vols/a b.tif", np.zeros((4, 20, 20), np.uint8), photometric="minisblack")
    for text, told in {
        "data/x": "data/x is a path; write folder:data/x (images and masks) or volume:data/x",
        "./data/x": "write folder:./data/x",
        "vols": "vols is a path; write volume:vols",
        "vols/a b.tif": "write 'volume[labels=FILE]:vols/a b.tif'",
        "data/nowhere": "no dataset is called 'data/nowhere', and there is no such path",
    }.items():
        for command in ("run --models unet --datasets", "data inspect", "data verify", "data info"):
            done = invoke(*command.split(), text)
            assert done.code == 2
            assert told in done.err, (command, done.err)


def test_a_name_in_place_of_an_experiment(invoke):
    for text, command in (("unet", "--models unet"), ("UNet@scratch,retina", "--models unet@scratch,retina")):
        done = invoke("run", text)
        assert done.code == 2
        assert f"no experiment file but the name of a model; write: emseg-bench run {command}" in done.err
    assert "write --datasets synthetic-em" in invoke("run", "synthetic-em").err
    assert "did you mean 'unet'?" in invoke("run", "--models", "UNet").err
    assert "did you mean 'voi-merge' or 'voi-split'?" in invoke(
        "run", "--models", "unet", "--set", "protocol.metrics=[iou, voi]"
    ).err  # fmt: skip


@given(st.text(st.sampled_from("ab ,[]=/:"), min_size=1).map(lambda text: f"/{text}x"))
def test_an_escaped_path_stays_whole_in_a_list(path):
    first, second = split_list(f"folder:{escaped(path)},vnc")
    assert (parse_dataset(first).location, second) == (path, "vnc")


def test_backslashes_without_comma_are_the_path_s_own():
    assert parse_dataset(r"folder:C:\data\x").location == r"C:\data\x"
    assert parse_dataset(r"volume[labels=a\,b\].tif]:/x").options == {"labels": "a,b].tif"}
    with pytest.raises(UsageError, match="the option level twice"):
        parse_dataset("volume[level=1,level=2]:/x")


def test_a_path_with_a_comma(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "day 1, side A").mkdir()
    (tmp_path / "b,c,d").mkdir()
    assert split_datasets("vnc,folder:b\\,c\\,d") == ["vnc", "folder:b\\,c\\,d"]
    with pytest.raises(UsageError, match="a comma parts datasets") as refused:
        split_datasets("folder:day 1, side A,vnc")
    written = shlex.split(str(refused.value).rpartition("in quotes: ")[2])[0]
    assert parse_dataset(written).location == "day 1, side A"
    with pytest.raises(UsageError, match="b,c,d has one"):
        split_datasets("vnc,folder:b,c,d")
    reference, offer = find_dataset(written, load_plugins().catalogue)
    assert (reference.location, offer.card.name) == ("day 1, side A", "folder")
