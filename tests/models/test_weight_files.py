"""Weight files of unknown origin: what is read, what is refused and in which words."""

import io
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from emseg_bench.benchmark.contracts.errors import WeightsError
from emseg_bench.models.weight_files import load_matching, local_file, read_state_dict
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save as save_safetensors
from torch import nn

STATE = {"a.weight": torch.arange(6.0).reshape(2, 3), "a.steps": torch.tensor(7)}


def torch_bytes(content: object, legacy: bool = False) -> bytes:
    buffer = io.BytesIO()
    torch.save(content, buffer, _use_new_zipfile_serialization=not legacy)
    return buffer.getvalue()


FORMATS = {
    "zip": torch_bytes(STATE),
    "legacy": torch_bytes(STATE, legacy=True),
    "safetensors": save_safetensors(STATE),
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "weights.bin"


def assert_is_the_state(state: dict[str, torch.Tensor]) -> None:
    assert state.keys() == STATE.keys()
    assert all(torch.equal(state[name], STATE[name]) for name in STATE)


# ---------------------------------------------------------------------------------------------- good
def test_safetensors_are_told_from_a_pickle_whatever_their_first_byte(file: Path) -> None:
    """It is the header's length modulo 256: 0x80 is also how a pickle begins."""
    first_bytes = set()
    for length in range(0, 256, 8):
        content = save_safetensors({"w": torch.ones(1)}, {"note": "x" * length})
        file.write_bytes(content)
        assert read_state_dict(file).keys() == {"w"}
        first_bytes.add(content[0])
    assert 0x80 in first_bytes


@pytest.mark.parametrize("form", FORMATS)
def test_the_kind_is_told_from_the_content(form: str, file: Path) -> None:
    file.write_bytes(FORMATS[form])
    assert_is_the_state(read_state_dict(file))


def test_the_prefix_of_parallel_wrappers_is_taken_off(file: Path) -> None:
    torch.save({f"module.{name}": tensor for name, tensor in STATE.items()}, file)
    assert_is_the_state(read_state_dict(file))


def test_a_module_called_module_keeps_its_name(file: Path) -> None:
    torch.save({"module.a": torch.ones(1), "b": torch.ones(1)}, file)
    assert read_state_dict(file).keys() == {"module.a", "b"}


def test_known_company_of_weights_is_ignored(file: Path) -> None:
    torch.save({**STATE, "run_id": "abc"}, file)
    assert_is_the_state(read_state_dict(file, ignored=("run_id",)))


# ----------------------------------------------------------------------------------------------- bad
class Hostile:
    """Writes a file when a plain unpickler loads it."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple:
        return Path.touch, (self.target,)


@pytest.mark.parametrize("legacy", [False, True])
def test_code_in_a_file_is_not_run(legacy: bool, file: Path, tmp_path: Path) -> None:
    target = tmp_path / "written-by-the-file"
    content = torch_bytes({"a": torch.ones(1), "b": Hostile(target)}, legacy)
    file.write_bytes(content)
    with pytest.raises(WeightsError, match="could run code when loaded"):
        read_state_dict(file)
    assert not target.exists()


def test_code_in_a_bare_pickle_is_not_run(file: Path, tmp_path: Path) -> None:
    target = tmp_path / "written-by-the-file"
    file.write_bytes(pickle.dumps(Hostile(target)))
    with pytest.raises(WeightsError, match="not loaded"):
        read_state_dict(file)
    assert not target.exists()
    pickle.loads(file.read_bytes())  # noqa: S301 - proves that the file would have done it
    assert target.exists()


@pytest.mark.parametrize("form", FORMATS)
@settings(max_examples=25, deadline=None)
@given(share=st.floats(0, 1, exclude_max=True))
def test_a_cut_is_refused(form: str, share: float, tmp_path_factory: pytest.TempPathFactory) -> None:
    file = tmp_path_factory.mktemp("cut") / "weights"
    content = FORMATS[form]
    file.write_bytes(content[: int(share * len(content))])
    with pytest.raises(WeightsError, match=r"copy or fetch it again|is no weight file"):
        read_state_dict(file)


@settings(max_examples=40, deadline=None)
@given(st.binary(min_size=1, max_size=200), st.sampled_from([b"", b"PK\x03\x04", b"\x80\x02"]))
def test_noise_is_refused(tmp_path_factory: pytest.TempPathFactory, noise: bytes, start: bytes) -> None:
    file = tmp_path_factory.mktemp("noise") / "weights"
    file.write_bytes(start + noise)
    with pytest.raises(WeightsError, match=str(file)):
        read_state_dict(file)


def test_an_empty_file_is_called_empty(file: Path) -> None:
    file.touch()
    with pytest.raises(WeightsError, match="is empty"):
        read_state_dict(file)


def test_an_unreadable_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="is a folder, expected a regular file"):
        read_state_dict(tmp_path)


def test_an_image_is_neither_kind(file: Path) -> None:
    file.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    with pytest.raises(
        WeightsError, match="is a PNG image: neither a PyTorch weight file, a whole safetensors file"
    ):
        read_state_dict(file)


def test_another_zip_archive_is_no_weight_file(file: Path) -> None:
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("readme.txt", "hello")
    with pytest.raises(WeightsError, match=r"neither a PyTorch weight file nor a NumPy archive.*readme\.txt"):
        read_state_dict(file)


def test_a_numpy_archive_is_no_state_dict(file: Path) -> None:
    with file.open("wb") as stream:
        np.savez(stream, a=np.ones(3))
    with pytest.raises(WeightsError, match="holds more than dense tensors by name: a"):
        read_state_dict(file)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({}, "holds nothing"),
        ([torch.ones(1)], "holds a list"),
        (torch.ones(1), "holds a Tensor"),
        ({"state_dict": STATE, "epoch": 3}, "more than dense tensors by name: epoch, state_dict.*checkpoint"),
        ({"a": torch.eye(2).to_sparse()}, "more than dense tensors by name: a"),
        ({"a": torch.ones(2, device="meta")}, "more than dense tensors by name: a"),
        ({"a": torch.tensor([1.0, float("nan")])}, "NaN or infinite values in a;"),
        ({"a": torch.ones(2), "b": torch.tensor([float("inf")])}, "NaN or infinite values in b;"),
    ],
)
def test_other_content_is_refused_and_named(content: object, words: str, file: Path) -> None:
    torch.save(content, file)
    with pytest.raises(WeightsError, match=words):
        read_state_dict(file)


# ------------------------------------------------------------------------------------------ the place
def test_a_local_file_is_found_from_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "w.pt").touch()
    assert local_file("~/w.pt", "toy") == tmp_path / "w.pt"


@pytest.mark.parametrize(
    ("location", "words"),
    [
        (None, "toy@file does not say which"),
        ("/no/such/file.pt", "at /no/such/file.pt, found nothing"),
        ("/", "a folder"),
    ],
)
def test_a_missing_local_file_is_named(location: str | None, words: str) -> None:
    with pytest.raises(WeightsError, match=words):
        local_file(location, "toy")


# ----------------------------------------------------------------------------------------- the model
def test_everything_that_matches_is_loaded() -> None:
    model, other = nn.Linear(3, 2), nn.Linear(3, 2)
    assert load_matching(model, other.state_dict(), Path("w.pt"), lambda _: False) == 2
    assert torch.equal(model.weight, other.weight)
    assert torch.equal(model.bias, other.bias)


def test_what_is_left_out_stays_as_it_was() -> None:
    model, other = nn.Linear(3, 2), nn.Linear(3, 2)
    before = model.bias.detach().clone()
    assert load_matching(model, other.state_dict(), Path("w.pt"), lambda name: name == "bias") == 1
    assert torch.equal(model.weight, other.weight)
    assert torch.equal(model.bias, before)


def test_all_differences_are_reported_and_nothing_is_loaded() -> None:
    model = nn.Linear(3, 2)
    before = model.weight.detach().clone()
    state = {"weight": torch.zeros(2, 4), "scale": torch.zeros(1)}
    with pytest.raises(WeightsError) as caught:
        load_matching(model, state, Path("w.pt"), lambda _: False)
    assert str(caught.value) == (
        "w.pt does not fit the model: missing in the file: bias; unknown to the model: scale; "
        "of another shape: weight (2, 4) instead of (2, 3)"
    )
    assert torch.equal(model.weight, before)


def test_long_lists_of_names_are_cut() -> None:
    state = {f"x{i}": torch.zeros(1) for i in range(9)}
    with pytest.raises(WeightsError, match=r"unknown to the model: x0, x1, x2, \.\.\. \(9 in all\)"):
        load_matching(nn.Module(), state, Path("w.pt"), lambda _: False)
