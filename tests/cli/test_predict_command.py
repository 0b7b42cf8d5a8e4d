"""``emseg-bench predict``: label maps from weight files that say what they are."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile
import torch
from emseg_bench.benchmark.contracts.data import Normalisation
from emseg_bench.benchmark.contracts.settings import ScoringProtocol
from emseg_bench.benchmark.weights.weight_info import WeightsInfo, to_metadata
from emseg_bench.papers.scores import matched_objects, soft_iou
from PIL import Image
from safetensors.torch import save_file
from torch.nn import functional as F

MEAN, STD = 0.35047498, 0.1674651
SAMPLE = Path(__file__).parents[2].parent / "shared" / "data" / "perez_lyso_sample"

pytestmark = pytest.mark.usefixtures("toy")


def network(channels=1, logits=1):
    import emseg_toy_parts

    torch.manual_seed(logits)
    return emseg_toy_parts.toy(channels, logits).eval()


def save_weights(path="w.safetensors", *, channels=1, logits=1, **changes):
    told = {
        "model": "toy",
        "channels": channels,
        "num_logits": logits,
        "class_names": ("background", "lysosome", "mitochondrion")[: max(2, logits)],
        "normalisation": Normalisation(mean=(MEAN,) * channels, std=(STD,) * channels),
        "window": 32,
        "origin": "random numbers",
    }
    info = WeightsInfo(**{**told, **changes})
    save_file(network(channels, logits).state_dict(), path, to_metadata(info))


def picture(height, width, seed=0):
    return np.random.default_rng(seed).integers(40, 140, (height, width), np.uint8)


def by_hand(image, logits=1, window=224, mean=MEAN, std=STD):
    """One window around the image, amid zeros: what retina-2025 makes of a small image."""
    inputs = (torch.from_numpy(image.astype(np.float32)) / 255 - mean) / std
    top, left = ((window - side) // 2 for side in image.shape)
    bottom, right = window - image.shape[0] - top, window - image.shape[1] - left
    with torch.no_grad():
        out = network(logits=logits)(F.pad(inputs[None, None], (left, right, top, bottom)))[0]
    out = out[:, top : window - bottom, left : window - right]
    return (out[0] > 0 if logits == 1 else out.argmax(0)).numpy().astype(np.uint8)


@pytest.fixture
def predict(invoke, work):
    def run(*arguments, expect=0):
        usual = {"--weights": "w.safetensors", "--out": "maps", "--precision": "fp32"}
        more = [word for option in usual.items() if option[0] not in arguments for word in option]
        done = invoke("predict", *more, *arguments)
        assert done.code == expect, done.err + done.out
        return done

    return run


@pytest.fixture
def images(work):
    (work / "images").mkdir()
    for number, side in enumerate((60, 100, 44)):
        Image.fromarray(picture(side, 70, number)).save(work / f"images/{number}.png")
    save_weights()
    return work / "images"


# ---------------------------------------------------------------------------------------------- images
@pytest.mark.parametrize("logits", [1, 3])
def test_label_maps_are_what_the_network_says(work, images, predict, logits):
    save_weights(logits=logits)
    done = predict(images, "--protocol", "retina-2025")
    assert done.out.startswith("3 label map(s) made in maps, 0 there already; labels: 0 background")
    for number, side in enumerate((60, 100, 44)):
        labels = np.asarray(Image.open(work / f"maps/{number}.png"))
        assert labels.dtype == np.uint8
        assert np.array_equal(labels, by_hand(picture(side, 70, number), logits))


def test_what_is_there_is_not_made_again(work, images, predict):
    predict(images / "0.png")
    before = (work / "maps/0.png").stat().st_mtime_ns
    assert predict(images).out.startswith("2 label map(s) made in maps, 1 there already")
    assert (work / "maps/0.png").stat().st_mtime_ns == before
    assert predict(images, "--overwrite").out.startswith("3 label map(s) made in maps, 0 there already")
    assert (work / "maps/0.png").stat().st_mtime_ns > before
    assert sorted(path.name for path in (work / "maps").iterdir()) == ["0.png", "1.png", "2.png"]


@pytest.mark.parametrize(
    "change",
    [("--set", "protocol.overlap=0.25"), ("--mean", "0.3", "--std", "0.1"), ("--protocol", "retina-2025")],
    ids=["overlap", "normalisation", "protocol"],
)
def test_maps_that_were_made_otherwise_are_not_taken_for_these(work, images, predict, change):
    predict(images)
    before = (work / "maps/0.png").read_bytes()
    done = predict(images, *change, expect=2)
    assert "label maps that were made otherwise" in done.err
    assert (work / "maps/0.png").read_bytes() == before
    predict(images, *change, "--overwrite")


def test_other_weights_and_other_files_are_told_too(work, images, predict):
    predict(images)
    save_weights(origin="others")
    assert "made otherwise" in predict(images, expect=2).err
    (work / "maps/0.png").write_bytes(b"not ours")
    assert "made otherwise" in predict(images / "0.png", expect=2).err


def test_normalisation_can_be_given(work, images, predict):
    save_weights(normalisation=None)
    assert "give --mean and --std" in predict(images, expect=2).err
    predict(images, "--mean", "0.3", "--std", "0.1", "--protocol", "retina-2025")
    labels = np.asarray(Image.open(work / "maps/0.png"))
    assert np.array_equal(labels, by_hand(picture(60, 70, 0), mean=0.3, std=0.1))


def test_interrupted_command_goes_on(work, images, predict, monkeypatch):
    from emseg_bench.benchmark.predictions import segmenting

    write, written = segmenting.write_file, []

    def write_one(path, *arguments):
        if written:
            raise KeyboardInterrupt
        written.append(path)
        write(path, *arguments)

    monkeypatch.setattr(segmenting, "write_file", write_one)
    assert "the same command goes on" in predict(images, expect=130).err
    assert [path.name for path in (work / "maps").iterdir()] == ["0.png"]
    monkeypatch.setattr(segmenting, "write_file", write)
    assert predict(images).out.startswith("2 label map(s) made in maps, 1 there already")


def test_grey_saved_as_colours_is_grey(work, images, predict):
    Image.fromarray(picture(60, 70, 0)).convert("RGB").save(work / "rgb.png")
    predict(images / "0.png", work / "rgb.png")
    first, second = (np.asarray(Image.open(work / f"maps/{name}.png")) for name in ("0", "rgb"))
    assert np.array_equal(first, second)


# --------------------------------------------------------------------------------------------- volumes
@pytest.mark.parametrize("options", [(), ("--axes", "stack"), ("--axes", "orthoplane")])
def test_volumes_are_segmented_slice_by_slice(work, predict, options):
    volume = np.random.default_rng(0).integers(40, 140, (3, 20, 17), np.uint8)
    tifffile.imwrite("v.tif", volume, photometric="minisblack")
    save_weights(logits=3)
    predict("v.tif", "--protocol", "retina-2025", *options)
    labels = tifffile.imread("maps/v.tif")
    assert labels.shape == volume.shape
    assert np.array_equal(labels, votes_by_hand(volume, (0, 1, 2) if "orthoplane" in options else (0,)))


def votes_by_hand(volume, axes):
    total = np.zeros((3, *volume.shape), np.uint8)
    inputs = (torch.from_numpy(volume.astype(np.float32)) / 255 - MEAN) / STD
    for axis in axes:
        for index, plane in enumerate(inputs.movedim(axis, 0)):
            top, left = ((224 - side) // 2 for side in plane.shape)
            pads = (left, 224 - plane.shape[1] - left, top, 224 - plane.shape[0] - top)
            with torch.no_grad():
                out = network(logits=3)(F.pad(plane[None, None], pads))[0].softmax(0)
            out = out[:, top : top + plane.shape[0], left : left + plane.shape[1]]
            np.moveaxis(total, axis + 1, 0)[index] += (out.numpy() * np.float32(255 / len(axes))).astype(
                np.uint8
            )
    return total.argmax(0)


def test_volume_and_its_map_are_scored(work, predict, invoke):
    volume = np.random.default_rng(0).integers(40, 140, (2, 20, 17), np.uint8)
    tifffile.imwrite("v.tif", volume, photometric="minisblack")
    save_weights(logits=3)
    predict("v.tif", "--protocol", "retina-2025")
    done = invoke(
        "score", "--pred", "maps", "--truth", "maps", "--protocol", "retina-2025", "--classes", "1", "--json"
    )
    assert json.loads(done.out)["score"] == 1.0


@pytest.mark.parametrize("axes", ["stack", "orthoplane"])
def test_compressed_volumes_of_16_bit_give_the_same(work, predict, axes):
    volume = np.random.default_rng(0).integers(40, 140, (3, 20, 17), np.uint8)
    tifffile.imwrite("v.tif", volume.astype(np.uint16) * 257, photometric="minisblack", compression="zlib")
    save_weights(logits=3)
    predict("v.tif", "--protocol", "retina-2025", "--axes", axes)
    expected = votes_by_hand(volume, (0, 1, 2) if axes == "orthoplane" else (0,))
    # 16-bit values are scaled in another order of rounding
    assert (tifffile.imread("maps/v.tif") != expected).mean() < 0.005
    assert [path.name for path in Path("maps").iterdir()] == ["v.tif"]


def test_volumes_go_on_after_an_interrupt(work, predict, monkeypatch):
    """A kill is the same: whatever was noted as done is not computed again, and the bytes are the same."""
    from emseg_bench.benchmark.evaluation.working import Work
    from emseg_bench.benchmark.predictions import volume_pieces

    tifffile.imwrite("v.tif", np.stack([picture(20, 17, z) for z in range(11)]), photometric="minisblack")
    save_weights()
    monkeypatch.setattr(volume_pieces, "MOST_SLICES", 4)
    predict("v.tif", "--out", "whole", "--uncertainty", "entropy")
    note, notes = Work.note, []

    def interrupted(work, piece):
        note(work, piece)
        notes.append(piece)
        if len(notes) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(Work, "note", interrupted)
    told = predict("v.tif", "--uncertainty", "entropy", expect=130).err
    assert "the same command goes on" in told
    assert not Path("maps/v.tif").exists()
    monkeypatch.setattr(Work, "note", lambda work, piece: (note(work, piece), notes.append(piece)))
    assert predict("v.tif", "--uncertainty", "entropy").out.startswith("1 label map(s) made in maps")
    assert notes == ["z-0-4", "z-4-8", "z-8-11"]
    for name in ("v.tif", "uncertainty/v.tif"):
        assert Path("maps", name).read_bytes() == Path("whole", name).read_bytes()
    assert sorted(path.name for path in Path("maps").iterdir()) == ["uncertainty", "v.tif"]


@pytest.mark.parametrize("flips", ["false", "true"])
def test_a_large_image_goes_on_within_itself(work, predict, monkeypatch, flips):
    """Windows that were kept are not seen again, and the bytes are the same, of all that is asked for."""
    from emseg_bench.benchmark.evaluation import kept_sums
    from emseg_bench.benchmark.evaluation.forward import Forward
    from emseg_bench.benchmark.evaluation.working import Work

    monkeypatch.setattr(kept_sums, "SECONDS", 0)
    forward, passes = Forward.__call__, []

    def counted(self, windows, *others):
        passes.append(len(windows))
        return forward(self, windows, *others)

    monkeypatch.setattr(Forward, "__call__", counted)
    Image.fromarray(picture(150, 130)).save("big.png")
    save_weights(logits=3)
    asked = ("big.png", "--probabilities", "uint8", "--set", f"protocol.flips={flips}")
    predict(*asked, "--out", "whole")
    windows = sum(passes)
    note, notes = Work.note, []

    def interrupted(work, piece):
        note(work, piece)
        notes.append(piece)
        if len(notes) == 10:
            raise KeyboardInterrupt

    monkeypatch.setattr(Work, "note", interrupted)
    passes.clear()
    assert "the same command goes on" in predict(*asked, expect=130).err
    seen = sum(passes)
    left = sorted(path.name for path in Path("maps/.big.part").iterdir())
    assert left == ["done", "key", "network0by4", "network0by4-36", "network0by4-40"], "the rest is forgotten"
    monkeypatch.setattr(Work, "note", note)
    predict(*asked)
    assert sum(passes) == windows
    assert seen < windows
    for name in ("big.png", "probabilities/big.tif"):
        assert Path("maps", name).read_bytes() == Path("whole", name).read_bytes()
    assert sorted(path.name for path in Path("maps").iterdir()) == ["big.png", "probabilities"]


KILLED = """
import os, signal, sys
from emseg_bench.benchmark.evaluation.working import Work
from emseg_bench.cli import main
note, notes = Work.note, []
def killed(work, piece):
    note(work, piece)
    notes.append(piece)
    if len(notes) == 2:
        os.kill(os.getpid(), signal.SIGKILL)
Work.note = killed
words = "emseg-bench predict v.tif --weights w.safetensors --out maps --precision fp32 --axes orthoplane"
sys.argv = words.split()
main()
"""


@pytest.mark.slow
def test_a_kill_changes_no_byte(work, toy, predict):
    tifffile.imwrite("v.tif", np.stack([picture(70, 37, z) for z in range(11)]), photometric="minisblack")
    save_weights()
    predict("v.tif", "--out", "whole", "--axes", "orthoplane")
    command, environment = [sys.executable, "-c", KILLED], {**os.environ, "PYTHONPATH": str(toy)}
    done = subprocess.run(command, env=environment, check=False, capture_output=True, text=True)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert [path.name for path in Path("maps").iterdir()] == [".v.part"]
    predict("v.tif", "--axes", "orthoplane")
    assert Path("maps/v.tif").read_bytes() == Path("whole/v.tif").read_bytes()
    assert [path.name for path in Path("maps").iterdir()] == ["v.tif"]


def test_full_disk_is_told(work, predict, monkeypatch):
    from emseg_bench.benchmark.evaluation.working import RawArray

    def full(*_):
        raise OSError(28, "No space left on device")

    tifffile.imwrite("v.tif", picture(20, 17)[None].repeat(3, 0), photometric="minisblack")
    save_weights()
    monkeypatch.setattr(RawArray, "__setitem__", full)
    told = predict("v.tif", expect=2).err
    assert "maps/v.tif cannot be written (No space left on device); make space there" in told
    assert not Path("maps/v.tif").exists()


def test_damaged_page_leaves_nothing_half_made(work, predict):
    volume = np.random.default_rng(0).integers(40, 140, (3, 40, 40), np.uint8)
    tifffile.imwrite("v.tif", volume, photometric="minisblack", compression="zlib")
    with tifffile.TiffFile("v.tif") as file:
        offset = file.pages[2].dataoffsets[0]
    content = bytearray(Path("v.tif").read_bytes())
    content[offset : offset + 20] = bytes(20)
    Path("v.tif").write_bytes(content)
    save_weights()
    assert "v.tif, section 2, cannot be read" in predict("v.tif", expect=2).err
    assert not list(work.glob("maps/*"))


@pytest.mark.parametrize("change", ["flips=true", "blend_on=probabilities"])
def test_mirror_images_and_probabilities_are_asked_for_by_settings(work, images, predict, change):
    from emseg_bench.benchmark.evaluation.segmenter import Segmenter
    from emseg_bench.benchmark.files.validation import merge, validate

    predict(images / "1.png", "--set", f"protocol.{change}")
    key, _, value = change.partition("=")
    protocol = validate(ScoringProtocol, merge({"name": "emseg-v1"}, {key: value}), "protocol")
    segmenter = Segmenter(
        model=network(),
        normalisation=Normalisation(mean=(MEAN,), std=(STD,)),
        protocol=protocol,
        window=32,
        size_divisor=1,
        device="cpu",
        batch_size=4,
    )
    with torch.inference_mode():
        logits = segmenter.logits(picture(100, 70, 1)[None])
    assert np.array_equal(np.asarray(Image.open(work / "maps/1.png")), (logits[0] > 0).numpy())
    assert "made otherwise" in predict(images / "1.png", expect=2).err


# ------------------------------------------------------------------------------------------ end to end
def test_published_way_from_image_to_matched_score(work, predict, invoke):
    """Predict and score as one would with RETINA's own weights, here with a tiny network."""
    image, truth = picture(90, 80), np.zeros((90, 80), np.uint8)
    truth[30:40, 30:50] = 1
    for folder, pixels in (("images", image), ("masks", truth)):
        (work / folder).mkdir()
        Image.fromarray(pixels).save(work / folder / "000.png")
    save_weights()
    predict("images", "--protocol", "retina-2025")
    scored = invoke(
        "score", "--pred", "maps", "--truth", "masks", "--protocol", "retina-2025-perez", "--json"
    )
    kept = matched_objects(truth == 1, by_hand(image) == 1)
    expected = soft_iou(int((kept & (truth == 1)).sum()), int((kept | (truth == 1)).sum()))
    assert json.loads(scored.out)["score"] == pytest.approx(expected, rel=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("protocol", ["emseg-v1", "retina-2025", "retina-2025-perez", "cem500k-2021"])
def test_trial_s_weights_give_the_trial_s_scores(work, predict, invoke, protocol):
    import emseg_toy_parts

    done = invoke(
        *(
            "run",
            "--models",
            "toy",
            "--datasets",
            "toy-data",
            "--device",
            "cpu",
            "--precision",
            "fp32",
            "--json",
        ),
        *("--set", "recipe.iterations=6", "--set", "recipe.batch_size=2", "--set", "recipe.crop=32"),
        *("--protocol", protocol, "--threads", "1"),
    )
    (trial,) = json.loads(done.out)["trials"]
    data = emseg_toy_parts.ToyData(None, None)
    for folder in ("images", "masks"):
        (work / folder).mkdir()
    for case in data.manifest.split("test"):
        Image.fromarray(data.read(case).image[0]).save(work / f"images/{case.id}.png")
        Image.fromarray(data.read(case).labels).save(work / f"masks/{case.id}.png")
    predict("images", "--weights", Path(trial["folder"]) / "weights.safetensors", "--protocol", protocol)
    scored = json.loads(
        invoke("score", "--pred", "maps", "--truth", "masks", "--protocol", protocol, "--json").out
    )
    stored = pd.read_parquet(Path(trial["folder"]) / "cases.parquet").set_index(
        ["case", "class_index", "metric"]
    )
    for row in scored["cases"]:
        value = stored.loc[(row["case"], row["class_index"], row["metric"]), "value"]
        assert row["value"] == pytest.approx(value) or (row["value"] is None and np.isnan(value))


@pytest.mark.slow
@pytest.mark.skipif(not SAMPLE.exists(), reason="the Perez sample is not beside this repository")
def test_fine_tuned_retina_from_import_to_score(work, invoke, monkeypatch, tmp_path):
    """Random numbers in the place of the published weights; a corner of the image, to be quick."""
    from emseg_bench.models.retina.network import published_variant

    monkeypatch.setenv("EMSEG_BENCH_CACHE", str(tmp_path / "own_cache"))
    torch.manual_seed(0)
    state = published_variant("finetune192").state_dict()
    torch.save({f"module.{name}": value for name, value in state.items()}, "official.pt")
    for folder in ("images", "masks"):
        (work / folder).mkdir()
        with Image.open(SAMPLE / folder / "000.png") as pixels:
            pixels.crop((0, 0, 200, 180)).save(work / folder / "000.png")
    assert invoke("weights", "import", "official.pt", "--as", "retina-perez-lyso").code == 0
    done = invoke(
        *("predict", "images", "--weights", "retina-perez-lyso", "--protocol", "retina-2025", "--out", "maps")
    )
    assert done.code == 0, done.err
    assert "labels: 0 background, 1 lysosome" in done.out
    scored = invoke(
        *("score", "--pred", "maps", "--truth", "masks", "--protocol", "retina-2025-perez"),
        *("--class-names", "background,lysosome", "--json"),
    )
    assert 0 <= json.loads(scored.out)["score"] <= 1


# ---------------------------------------------------------------------------------------------- errors
def bare(work):
    save_file({"a": torch.zeros(1)}, "w.safetensors")


def only_initialises(work):
    save_weights(num_logits=None)


def of_no_model(work):
    save_weights(model="toi")


def that_do_not_fit(work):
    save_weights()
    info = WeightsInfo(
        model="toy", num_logits=3, window=32, normalisation=Normalisation(mean=(0,), std=(1,)), origin="x"
    )
    save_file(network(logits=1).state_dict(), "w.safetensors", to_metadata(info))


def without_window(work):
    save_weights(window=None)


def for_colours(work):
    save_weights(channels=3)


def damaged(work):
    path = work / "w.safetensors"
    path.write_bytes(path.read_bytes()[:-20])


def coloured(work):
    pixels = np.random.default_rng(0).integers(0, 255, (30, 30, 3), np.uint8)
    Image.fromarray(pixels).save(work / "images/c.png")


def floating(work):
    tifffile.imwrite(work / "images/c.tif", np.zeros((30, 30), np.float32))


def deep(work):
    tifffile.imwrite(work / "images/c.tif", np.zeros((3, 30, 30), np.float32), photometric="minisblack")


def same_names(work):
    tifffile.imwrite(work / "images/0.tif", np.zeros((30, 30), np.uint8))


@pytest.mark.parametrize(
    ("spoil", "options", "message"),
    [
        (bare, (), "does not say which model it belongs to"),
        (only_initialises, (), "only initialises toy; expected a whole trained model"),
        (of_no_model, (), "no model is called 'toi'; did you mean 'toy'"),
        (that_do_not_fit, (), "cannot be loaded into toy"),
        (damaged, (), "w.safetensors is not a whole safetensors file"),
        (without_window, (), "do not say on which crops they were trained"),
        (for_colours, (), "has 1 channels, and the network takes 3"),
        (coloured, (), "c.png has 3 channels, and the network takes 1"),
        (floating, (), "c.tif holds float32 values, and the weights do not say"),
        (deep, (), "c.tif holds float32 values, and the weights do not say"),
        (same_names, (), "the same name but for the suffix"),
        (None, ("--weights", "nothing"), "nothing is neither a weight file nor the name of imported weights"),
        (None, ("--out", "images"), "among what is read, and results would be taken for images"),
        (None, ("--out", "w.safetensors"), "--out w.safetensors is a file, expected a folder"),
        (None, ("--axes", "stack"), "there is no volume among the images"),
        (None, ("--mean", "0.5"), "--mean and --std belong together"),
        (None, ("--mean", "0.5", "--std", "0"), "expected more than 0"),
        (None, ("--mean", "0.5,0.5", "--std", "1,1"), "expected 1: one per channel"),
        (None, ("--mean", "a", "--std", "1"), "got --mean a"),
        (None, ("--protocol", "retina-2026"), "did you mean 'retina-2025'"),
        (None, ("--set", "protocol.overlp=0.1"), "did you mean 'overlap'"),
        (None, ("--set", "recipe.crop=32"), "expected --set protocol.KEY=VALUE"),
        (None, ("--device", "cuda:9"), "is not on this machine"),
        (None, ("nowhere.png",), "nowhere.png is not there"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_what_is_wrong_is_told_before_anything_is_made(work, images, predict, spoil, options, message):
    if spoil:
        spoil(work)
    done = predict(images, *options, expect=2)
    assert message in done.err, done.err
    assert not list(work.glob("maps/*"))


def test_empty_folder_is_told(work, predict):
    save_weights()
    (work / "empty").mkdir()
    assert "there is no image at empty" in predict("empty", expect=2).err


def test_network_that_diverged_names_the_image(work, images, predict):
    state = {name: value * (1e30 if value.ndim == 4 else 1) for name, value in network().state_dict().items()}
    info = WeightsInfo(
        model="toy", num_logits=1, window=32, normalisation=Normalisation(mean=(0,), std=(1,)), origin="x"
    )
    save_file(state, "w.safetensors", to_metadata(info))
    assert "images/0.png: the model's logits are not finite" in predict(images, expect=2).err
