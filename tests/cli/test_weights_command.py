"""``emseg-bench weights``: what is taken in, what is refused, and that refusals leave nothing behind."""

from __future__ import annotations

import hashlib
import json
import pickle
import shlex
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from emseg_bench.benchmark.contracts.data import Normalisation
from emseg_bench.benchmark.plugins.references import parse_model, split_list
from emseg_bench.benchmark.weights.weight_info import WeightsInfo, read_info, to_metadata
from emseg_bench.benchmark.weights.writing import write_weights
from safetensors.torch import load_file, save_file
from torch import nn

pytestmark = pytest.mark.usefixtures("tiny")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EMSEG_BENCH_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "weights"


def conv(width: int = 1, seed: int = 0) -> dict[str, torch.Tensor]:
    torch.manual_seed(seed)
    return nn.Conv2d(1, width, 1).state_dict()


def save(content: object, name: str = "w.pt") -> Path:
    torch.save(content, name)
    return Path(name)


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def kept(cache: Path) -> set[str]:
    """Everything in the library but its lock."""
    return {path.name for path in cache.rglob("*")} - {".lock"} if cache.exists() else set()


# ---------------------------------------------------------------------------------------------- good
def test_a_published_file_is_recognised_converted_and_put_on_record(invoke, cache):
    file = save(conv())
    done = invoke("weights", "import", file)
    assert done.code == 0, done.err
    assert "tiny-one: a convolution of width 1" in done.out
    assert "--models tiny@pretrained" in done.out
    converted = cache / "tiny-one.safetensors"
    assert all(torch.equal(value, conv()[name]) for name, value in load_file(converted).items())
    assert read_info(converted) == WeightsInfo(
        model="tiny",
        options={"width": 1},
        normalisation=Normalisation(mean=(0.25,), std=(0.5,)),
        origin="tiny-one: nobody",
        distribution="emseg-tiny",
    )
    entry = json.loads((cache / "index.json").read_text())["weights"]["tiny-one"]
    assert entry["original_name"] == "w.pt"
    assert entry["original_sha256"] == sha256(file)
    assert entry["sha256"] == sha256(converted)
    assert kept(cache) == {"index.json", "tiny-one.safetensors"}


def test_how_to_start_from_it_can_be_pasted(invoke, tmp_path, monkeypatch):
    monkeypatch.setenv("EMSEG_BENCH_CACHE", str(tmp_path / "a, b [1]"))
    greys = Normalisation(mean=(0.5,), std=(0.5,))
    info = WeightsInfo(model="tiny", options={"width": 1}, normalisation=greys, origin="x", distribution="x")
    write_weights(conv(), Path("own.safetensors"), info)
    done = invoke("weights", "import", "own.safetensors", "--as", "own")
    assert done.code == 0, done.err
    (line,) = (line for line in done.out.splitlines() if line.startswith("start from it"))
    (asked,) = split_list(shlex.split(line)[-1])
    assert parse_model(asked).location == str(tmp_path / "a, b [1]/weights/own.safetensors")


def test_the_same_file_twice_gives_the_same_bytes(invoke, cache):
    file = save(conv())
    invoke("weights", "import", file)
    first = sha256(cache / "tiny-one.safetensors")
    assert invoke("weights", "import", file).code == 0
    assert sha256(cache / "tiny-one.safetensors") == first


def test_a_name_of_ones_own(invoke, cache):
    done = invoke("weights", "import", save(conv(3)), "--as", "mine")
    assert done.code == 0, done.err
    assert f"--models 'tiny[width=3]@file:{cache / 'mine.safetensors'}'" in done.out


def test_what_emseg_bench_wrote_keeps_what_it_says(invoke, cache):
    info = WeightsInfo(model="tiny", options={"width": 2}, num_logits=2, window=64, origin="a trial")
    save_file(conv(2), "trial.safetensors", to_metadata(info))
    assert invoke("weights", "import", "trial.safetensors").code == 2
    done = invoke("weights", "import", "trial.safetensors", "--as", "mine")
    assert done.code == 0, done.err
    assert read_info(cache / "mine.safetensors") == info
    assert "emseg-bench predict IMAGES --weights mine" in done.out


def test_list_says_what_is_here(invoke, cache):
    invoke("weights", "import", save(conv()))
    invoke("weights", "import", save(conv(3)), "--as", "mine")
    done = invoke("weights", "list", "--json")
    rows = {row["name"]: row for row in json.loads(done.out)}
    assert (rows["tiny-one"]["here"], rows["tiny-one"]["checksum"]) == ("yes", "as imported")
    assert (rows["tiny-two"]["here"], rows["tiny-two"]["checksum"]) == ("no", "unknown")
    assert rows["mine"]["for"].startswith("tiny[width=3]@file:")
    assert "retina-cem500k" in rows
    assert "tiny-one" in invoke("weights", "list").out


# ------------------------------------------------------------------------------------------- refused
class Hostile:
    def __reduce__(self):
        return Path.touch, (Path("written-by-the-file"),)


def nan() -> dict[str, torch.Tensor]:
    return {**conv(), "bias": torch.tensor([float("nan")])}


def write(data: bytes) -> Callable[[], Path]:
    def make() -> Path:
        Path("w").write_bytes(data)
        return Path("w")

    return make


def other_zip() -> Path:
    with zipfile.ZipFile("w", "w") as archive:
        archive.writestr("readme.txt", "x")
    return Path("w")


def cut() -> Path:
    data = save(conv()).read_bytes()
    return write(data[: len(data) // 2])()


def folder() -> Path:
    Path("w").mkdir()
    return Path("w")


REFUSED = {
    "hostile": (lambda: save({"weight": torch.ones(1), "bias": Hostile()}), "could run code"),
    "bare pickle": (lambda: write(pickle.dumps(Hostile()))(), "could run code"),
    "html": (write(b"\n<!DOCTYPE html><html>sign in</html>"), "is an HTML page"),
    "text": (write(b"not found"), "is text"),
    "other zip": (other_zip, "zip archive that is neither"),
    "cut": (cut, "damaged or cut zip archive"),
    "nan": (lambda: save(nan()), "NaN or infinite values in bias"),
    "unknown": (lambda: save({"a": torch.ones(1)}), "no kind of weights.*tensors named a"),
    "checkpoint": (lambda: save({"epoch": 3, "model": conv()}), "entries named epoch, model"),
    "no mapping": (lambda: save([1, 2]), "it holds a list"),
    "shape": (lambda: save({**conv(), "weight": torch.ones(1, 5, 1, 1)}), "does not fit"),
    "empty": (write(b""), "is empty"),
    "folder": (folder, "found a folder"),
    "missing": (lambda: Path("nowhere.pt"), "found nothing"),
    "ambiguous": (lambda: save(conv(3)), "one of tiny-three, tiny-three-too, or a name of your own"),
    "no published width": (lambda: save(conv(4)), "say with --as what to call it: a name of your own"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_everything_else_is_refused_and_leaves_nothing(what, invoke, cache):
    make, words = REFUSED[what]
    done = invoke("weights", "import", make())
    assert done.code == 2
    assert done.err.startswith("error: ")
    assert "Traceback" not in done.err
    with pytest.raises(AssertionError, match=words):
        raise AssertionError(done.err)
    assert kept(cache) == set()
    assert not Path("written-by-the-file").exists()


def test_the_hostile_file_would_have_done_it(work):
    pickle.loads(pickle.dumps(Hostile()))  # noqa: S301 - proves that the test above could fail
    assert Path("written-by-the-file").exists()


@pytest.mark.parametrize("name", ["a/b", "..", "", "a b", ".hidden"])
def test_impossible_names_are_refused(name, invoke, cache):
    done = invoke("weights", "import", save(conv()), "--as", name)
    assert done.code == 2
    assert "as a name for weights" in done.err
    assert kept(cache) == set()


def test_a_published_name_is_not_for_other_weights(invoke, cache):
    done = invoke("weights", "import", save(conv()), "--as", "tiny-two")
    assert done.code == 2
    assert "cannot be tiny-two: it is a convolution of width 1" in done.err
    assert kept(cache) == set()


def test_other_content_needs_replace(invoke, cache):
    invoke("weights", "import", save(conv()))
    before = sha256(cache / "tiny-one.safetensors")
    other = save(conv(seed=1), "other.pt")
    done = invoke("weights", "import", other)
    assert done.code == 2
    assert "imported from another file before (w.pt" in done.err
    assert sha256(cache / "tiny-one.safetensors") == before
    assert invoke("weights", "import", other, "--replace").code == 0
    assert sha256(cache / "tiny-one.safetensors") != before
    assert invoke("weights", "verify").code == 0


def test_a_known_checksum_is_checked_on_import(invoke, cache, monkeypatch):
    file = save(conv())
    monkeypatch.setenv("TINY_SHA256", "0" * 64)
    done = invoke("weights", "import", file)
    assert done.code == 2
    assert f"has SHA-256 {sha256(file)}, but tiny-one is published with 0000" in done.err
    assert kept(cache) == set()
    monkeypatch.setenv("TINY_SHA256", sha256(file))
    assert invoke("weights", "import", file).code == 0


def test_a_full_disk_is_called_so(invoke, cache, monkeypatch):
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("safetensors.torch.save_file", full)
    done = invoke("weights", "import", save(conv()))
    assert done.code == 2
    assert "its disk is full" in done.err
    assert kept(cache) == set()


# -------------------------------------------------------------------------------------------- verify
def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize(
    ("damage", "words"),
    [(flip, "changed: SHA-256"), (Path.unlink, "has gone"), (lambda _: None, "as imported")],
)
def test_verify_tells_damage(damage, words, invoke, cache):
    invoke("weights", "import", save(conv()))
    damage(cache / "tiny-one.safetensors")
    done = invoke("weights", "verify", "tiny-one")
    assert done.code == (0 if words == "as imported" else 1)
    assert words in done.out


def test_verify_knows_no_other_names(invoke):
    assert "no weights were imported yet" in invoke("weights", "verify").out
    done = invoke("weights", "verify", "tiny-oen")
    assert done.code == 2
    assert "no imported weight file is called 'tiny-oen'" in done.err


def test_a_damaged_index_is_told(invoke, cache):
    cache.mkdir(parents=True)
    (cache / "index.json").write_text('{"version": 1')
    done = invoke("weights", "list")
    assert done.code == 2
    assert "index.json is not valid JSON" in done.err


def test_an_index_of_a_later_version_is_left_alone(invoke, cache):
    cache.mkdir(parents=True, exist_ok=True)
    (cache / "index.json").write_text('{"version": 2, "weights": {}}')
    done = invoke("weights", "list")
    assert done.code == 2
    assert "index.json has version 2, expected 1; use the emseg-bench that wrote it" in done.err
