"""RETINA's weights: which file, what is taken from it, and what a file that does not fit is told."""

import copy
import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from emseg_bench.benchmark.contracts.errors import UsageError, WeightsError, WeightsUnavailableError
from emseg_bench.benchmark.weights.library import Entry, Library
from emseg_bench.models.retina import weights
from emseg_bench.models.retina.config import TransUNetConfig
from emseg_bench.models.retina.network import TransUNet, published_variant
from emseg_bench.models.retina.sizes import PROJECTION
from emseg_bench.models.retina.transformer import resize_positions
from emseg_bench.models.smp_models import unet as create_unet
from safetensors.torch import save_file

State = dict[str, torch.Tensor]
POSITIONS = "transformer.embeddings.position_embeddings"


def network(seed: int, **sizes: int | bool) -> TransUNet:
    torch.manual_seed(seed)
    model = TransUNet(TransUNetConfig(**{"hidden": 24, "layers": 2, **sizes}))
    torch.nn.init.normal_(model.transformer.embeddings.position_embeddings)
    return model


@pytest.fixture(scope="module")
def pretrained() -> State:
    return network(1, reconstruction=True).state_dict()


def save(state: State, path: Path) -> Path:
    torch.save(state, path)
    return path


def is_random(name: str) -> bool:
    return name.startswith(("decoder.", "segmentation_head.", "FinalDecoder."))


def assert_taken_over(model: TransUNet, before: State, state: State) -> None:
    """Stem and transformer come from the file, decoder and head are untouched."""
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, before[name] if is_random(name) else state[name]), name


# ---------------------------------------------------------------------------------------------- good
WRITERS: dict[str, Callable[[State, Path], object]] = {
    "plain": torch.save,
    "wrapped": lambda state, path: torch.save({f"module.{n}": t for n, t in state.items()}, path),
    "safetensors": lambda state, path: save_file(state, path),
    "with run_id": lambda state, path: torch.save({**state, "run_id": "x"}, path),
}


@pytest.mark.parametrize("form", WRITERS)
def test_stem_and_transformer_are_taken_over(form: str, pretrained: State, tmp_path: Path) -> None:
    path = tmp_path / "pretrain_200.pt"
    WRITERS[form](pretrained, path)
    model = network(2, num_classes=5)
    before = copy.deepcopy(model.state_dict())
    line = weights.file.load(model, path)
    assert_taken_over(model, before, pretrained)
    assert line.startswith("pretrain_200.pt: stem, embeddings and encoder loaded (")
    assert line.endswith(
        "hidden 24, MLP 96, 2 layers, 1 logit maps, 14x14 positions); decoder and head random"
    )


def test_published_sizes_load_as_counted(tmp_path: Path) -> None:
    """The published filter leaves 355 of the pre-training network's 411 tensors, 2 of them its extra head."""
    state = published_variant("pretrain192").state_dict()
    line = weights.file.load(published_variant("finetune192"), save(state, tmp_path / "p.pt"))
    assert "(353 of 411 tensors; hidden 192, MLP 768, 12 layers" in line


def test_a_fine_tuned_file_gives_no_decoder(tmp_path: Path) -> None:
    state = network(3, num_classes=4).state_dict()
    model = network(2, num_classes=4)
    before = copy.deepcopy(model.state_dict())
    assert "4 logit maps" in weights.file.load(model, save(state, tmp_path / "f.pt"))
    assert_taken_over(model, before, state)


def test_positions_of_another_grid_are_interpolated(tmp_path: Path) -> None:
    state = network(3, grid=20).state_dict()
    model = network(2)
    line = weights.file.load(model, save(state, tmp_path / "f.pt"))
    assert "20x20 positions resized to 14x14" in line
    expected = resize_positions(state[POSITIONS], 14, 14)
    assert torch.equal(model.transformer.embeddings.position_embeddings, expected)


def test_loaded_weights_are_used_at_once(pretrained: State, tmp_path: Path) -> None:
    """Folded weights of an earlier inference must not survive."""
    model, x = network(2).eval(), torch.randn(1, 1, 32, 32)
    with torch.no_grad():
        before, _ = model.transformer(x)
        weights.file.load(model, save(pretrained, tmp_path / "p.pt"))
        after, _ = model.transformer(x)
    assert (after - before).abs().mean() > 0.1 * before.std()


# ----------------------------------------------------------------------------------------------- bad
@pytest.mark.slow
@pytest.mark.parametrize(("held", "wanted"), [("pretrain768", "finetune192"), ("pretrain192", "finetune768")])
def test_the_other_published_width_is_named_with_the_remedy(held: str, wanted: str, tmp_path: Path) -> None:
    path = save(published_variant(held).state_dict(), tmp_path / "p.pt")
    model = published_variant(wanted)
    before = copy.deepcopy(model.state_dict())
    with pytest.raises(WeightsError) as caught:
        weights.file.load(model, path)
    assert f"hidden {held[-3:]}" in str(caught.value)
    assert f"the model has hidden {wanted[-3:]}" in str(caught.value)
    assert f"use retina[hidden={held[-3:]}]@file:{path}" in str(caught.value)
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())


@pytest.mark.parametrize("sizes", [{"hidden": 48}, {"layers": 3}])
def test_sizes_that_no_variant_has_are_named(sizes: dict[str, int], tmp_path: Path) -> None:
    path = save(network(3, **sizes).state_dict(), tmp_path / "p.pt")
    with pytest.raises(WeightsError, match="the model has hidden 24, MLP 96, 2 layers; no variant of retina"):
        weights.file.load(network(2), path)


def without(name: str) -> Callable[[State], State]:
    return lambda state: {n: t for n, t in state.items() if n != name}


def replaced(name: str, tensor: torch.Tensor) -> Callable[[State], State]:
    return lambda state: {**state, name: tensor}


STEM = "transformer.embeddings.hybrid_model.root.conv.weight"


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (without(STEM), f"missing in the file: {STEM}$"),
        (without(POSITIONS), f"not a weight file of RETINA: it lacks {POSITIONS}"),
        (replaced("transformer.extra", torch.ones(1)), "unknown to the model: transformer.extra$"),
        (
            replaced(STEM, torch.ones(64, 1, 7, 7)),
            r"root.conv.weight \(64, 1, 7, 7\) instead of \(64, 3, 7, 7\)",
        ),
        (replaced(POSITIONS, torch.ones(1, 197, 24)), r"square grid, got \(1, 197, 24\)"),
        (replaced(POSITIONS, torch.ones(2, 100, 24)), r"square grid, got \(2, 100, 24\)"),
        (replaced(POSITIONS, torch.ones(1, 100, 23)), r"position_embeddings \(1, 196, 23\) instead of"),
        (replaced(PROJECTION, torch.tensor(1.0)), "it lacks transformer.embeddings.patch_embeddings"),
        (replaced(STEM, torch.full((64, 3, 7, 7), torch.nan)), "NaN or infinite values in transformer"),
        (replaced("optimizer", {"lr": 0.1}), "more than dense tensors by name: optimizer"),
    ],
)
def test_a_damaged_file_is_refused(
    damage: Callable[[State], State], words: str, pretrained: State, tmp_path: Path
) -> None:
    model = network(2)
    before = copy.deepcopy(model.state_dict())
    path = save(damage(pretrained), tmp_path / "p.pt")
    with pytest.raises(WeightsError, match=words) as caught:
        weights.file.load(model, path)
    assert str(path) in str(caught.value)
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())


def test_another_models_file_is_told_apart(tmp_path: Path) -> None:
    path = save(create_unet(1, 1, "resnet18").state_dict(), tmp_path / "unet.pt")
    with pytest.raises(
        WeightsError, match=r"not a weight file of RETINA: it lacks.*it holds decoder\.blocks"
    ):
        weights.file.load(network(2), path)


def test_another_model_cannot_take_retinas_weights(pretrained: State, tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="expected RETINA's TransUNet, got Linear"):
        weights.file.load(torch.nn.Linear(1, 1), save(pretrained, tmp_path / "p.pt"))


# ------------------------------------------------------------------------------------------ the place
PUBLISHED = {
    (192, "cem500k-reconstruction"): "retina-cem500k",
    (768, "cem500k-reconstruction"): "retina-cem500k-768",
    (768, "imagenet21k"): "retina-imagenet21k",
}
SOURCES = {
    "cem500k-reconstruction": weights.cem500k_reconstruction,
    "imagenet21k": weights.imagenet21k,
}


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Library:
    monkeypatch.setenv("EMSEG_BENCH_CACHE", str(tmp_path / "cache"))
    return Library.here()


def put(library: Library, name: str) -> Path:
    with library.unfinished() as folder:
        (folder / "w").write_bytes(b"weights")
        digest = hashlib.sha256(b"weights").hexdigest()
        entry = Entry(
            name=name,
            kind="",
            usable_as="",
            trained=False,
            original_name="",
            original_sha256="",
            sha256=digest,
            imported="",
        )
        library.put(entry, folder / "w", replace=False)
    return library.file(name)


@pytest.mark.parametrize(("hidden", "init"), PUBLISHED)
def test_published_weights_are_found_in_the_library(hidden: int, init: str, library: Library) -> None:
    file = put(library, PUBLISHED[hidden, init])
    assert SOURCES[init].obtain({"hidden": hidden}, None) == file
    file.write_bytes(b"other")
    with pytest.raises(WeightsError, match="changed: SHA-256"):
        SOURCES[init].obtain({"hidden": hidden}, None)


@pytest.mark.parametrize(("hidden", "init"), PUBLISHED)
def test_missing_published_weights_come_with_the_remedy(hidden: int, init: str, library: Library) -> None:
    name = PUBLISHED[hidden, init]
    with pytest.raises(WeightsUnavailableError) as caught:
        SOURCES[init].obtain({"hidden": hidden}, None)
    assert f"emseg-bench weights import FILE --as {name}" in str(caught.value)
    assert ("no address to fetch them from is known" in str(caught.value)) == (init != "imagenet21k")
    assert (f"'emseg-bench weights fetch {name}'" in str(caught.value)) == (init == "imagenet21k")


def test_the_archive_is_published_for_one_width(library: Library) -> None:
    with pytest.raises(UsageError, match=r"take retina\[hidden=768\]@imagenet21k"):
        weights.imagenet21k.obtain({"hidden": 192}, None)


def test_a_named_file_is_given(tmp_path: Path) -> None:
    (tmp_path / "w.pt").touch()
    assert weights.file.obtain({"hidden": 192}, str(tmp_path / "w.pt")) == tmp_path / "w.pt"


def test_a_named_file_that_is_missing_never_falls_back() -> None:
    """Only the default initialisation may be replaced by scratch, and only on WeightsUnavailableError."""
    with pytest.raises(WeightsError) as caught:
        weights.file.obtain({"hidden": 192}, "/no/such/file.pt")
    assert not isinstance(caught.value, WeightsUnavailableError)
