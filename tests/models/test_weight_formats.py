"""Published weight files, told by names and shapes: RETINA's networks, ImageNet-21k, MoCo, ResNets.

Tensors are one number seen through a shape, so that whole networks make files of a few kilobytes.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from emseg_bench.benchmark.contracts.data import Normalisation
from emseg_bench.benchmark.contracts.errors import WeightsError
from emseg_bench.benchmark.weights.recognition import logits
from emseg_bench.models import encoder_formats, smp_models, smp_weights
from emseg_bench.models.published_weights import FINETUNED, PUBLISHED
from emseg_bench.models.retina import formats, imagenet, weights
from emseg_bench.models.retina.config import TransUNetConfig
from emseg_bench.models.retina.network import TransUNet, published_variant
from emseg_bench.models.retina.transformer import resize_positions
from emseg_bench.models.vit import formats as vit_formats
from emseg_bench.papers.retina import RETINA_RECIPES
from hypothesis import given, settings
from hypothesis import strategies as st
from segmentation_models_pytorch.encoders import get_encoder

State = dict[str, torch.Tensor]
POSITIONS = "transformer.embeddings.position_embeddings"


def flat(module: torch.nn.Module) -> State:
    """A state of the right names and shapes that takes no room in a file."""
    return {
        name: torch.zeros((), dtype=tensor.dtype).expand(tensor.shape)
        for name, tensor in module.state_dict().items()
    }


def on_meta(build: Callable[[], torch.nn.Module]) -> State:
    with torch.device("meta"):
        module = build()
    return flat(module)


def save(content: object, folder: Path, name: str = "w.pt") -> Path:
    torch.save(content, folder / name)
    return folder / name


def wrapped(state: State) -> State:
    return {f"module.{name}": tensor for name, tensor in state.items()}


# ---------------------------------------------------------------------------------------------- RETINA
@pytest.mark.parametrize("wrap", [dict, wrapped])
@pytest.mark.parametrize(
    ("variant", "hidden", "entries", "num_logits"),
    [
        ("pretrain192", 192, 411, None),
        ("pretrain768", 768, 411, None),
        ("finetune192", 192, 409, 1),
        ("finetune768", 768, 409, 7),
    ],
)
def test_retinas_files_are_told_apart(variant, hidden, entries, num_logits, wrap, tmp_path):
    state = on_meta(lambda: published_variant(variant))
    found = formats.network(save(wrap(state), tmp_path))
    assert found.options == {"hidden": hidden}
    assert found.num_logits == num_logits
    assert found.channels == 1
    assert len(found.state) == entries
    assert found.state.keys() == state.keys()


@pytest.fixture(scope="module")
def pretrained() -> State:
    return on_meta(lambda: published_variant("pretrain192"))


STEM = "transformer.embeddings.hybrid_model.root.conv.weight"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({STEM: None}, f"is not whole: missing in the file: {STEM}"),
        ({STEM: torch.zeros(64, 1, 7, 7)}, r"root.conv.weight \(64, 1, 7, 7\) instead of \(64, 3, 7, 7\)"),
        ({"extra": torch.zeros(1)}, "unknown to the model: extra"),
        ({STEM: torch.full((64, 3, 7, 7), torch.nan)}, f"NaN or infinite values in {STEM}"),
        ({POSITIONS: torch.zeros(1, 197, 192)}, "square grid"),
        (
            {"transformer.embeddings.patch_embeddings.weight": torch.zeros(48, 1024, 1, 1)},
            "no variant of retina",
        ),
    ],
)
def test_a_damaged_file_of_retina_is_refused(change, words, pretrained, tmp_path):
    state = {name: value for name, value in {**pretrained, **change}.items() if value is not None}
    with pytest.raises(WeightsError, match=words):
        formats.network(save(state, tmp_path))


def test_another_grid_of_positions_is_no_damage(pretrained, tmp_path):
    state = {**pretrained, POSITIONS: torch.zeros(1, 400, 192)}
    assert "20x20 positions" in formats.network(save(state, tmp_path)).kind


@settings(max_examples=15, deadline=None)
@given(share=st.floats(0, 1, exclude_max=True))
def test_a_cut_file_is_refused_by_every_format(share, pretrained, tmp_path_factory):
    file = save(pretrained, tmp_path_factory.mktemp("cut"))
    file.write_bytes(file.read_bytes()[: int(share * file.stat().st_size)])
    for read in (
        *(formats.network, formats.imagenet21k, vit_formats.recognise),
        *(encoder_formats.moco, encoder_formats.swav, encoder_formats.panoptic, encoder_formats.resnet),
    ):
        with pytest.raises(WeightsError, match="again"):
            read(file)


# ------------------------------------------------------------------------------------- ImageNet-21k
def archive_of(state: State, heads: int = 12, grid: int = 14) -> dict[str, np.ndarray]:
    """Write a network's weights as the archive has them: the way back, spelt out by hand."""
    arrays: dict[str, np.ndarray] = {
        "cls": np.ones((1, 1, 3), np.float32),
        "head/kernel": np.ones((3, 5), np.float32),
        "pre_logits/bias": np.ones(3, np.float32),
    }
    for name, tensor in state.items():
        value, parts = tensor.numpy(), name.split(".")
        if name == POSITIONS:
            token = np.full((1, 1, value.shape[2]), 9, np.float32)
            arrays["Transformer/posembed_input/pos_embedding"] = np.concatenate([token, value], axis=1)
        elif "hybrid_model" in name:
            key = "/".join(parts[3 if "body" in name else 4 : -1]).removeprefix("body/")
            key = {"conv": "conv_root", "gn": "gn_root"}.get(key, key.replace("downsample", "conv_proj"))
            if value.ndim == 4:
                arrays[f"{key}/kernel"] = np.einsum("oihw->hwio", value)
            else:
                leaf = "scale" if parts[-1] == "weight" else "bias"
                arrays[f"{key}/{leaf}"] = value.reshape(1, 1, 1, -1)
        elif "patch_embeddings" in name:
            weight = parts[-1] == "weight"
            arrays["embedding/kernel" if weight else "embedding/bias"] = (
                np.einsum("oihw->hwio", value) if weight else value
            )
        elif ".encoder_norm." in name:
            arrays[f"Transformer/encoder_norm/{'scale' if parts[-1] == 'weight' else 'bias'}"] = value
        elif "encoder.layer" in name:
            block = f"Transformer/encoderblock_{parts[3]}"
            arrays |= block_arrays(block, parts[4], parts[-2], parts[-1] == "weight", value, heads)
    return arrays


def block_arrays(
    block: str, part: str, layer: str, weight: bool, value: np.ndarray, heads: int
) -> dict[str, np.ndarray]:
    leaf = "kernel" if weight else "bias"
    if part == "attn":
        name, hidden = f"{block}/MultiHeadDotProductAttention_1/{layer}/{leaf}", value.shape[0]
        if layer == "out":
            return {name: value.T.reshape(heads, hidden // heads, hidden) if weight else value}
        shape = (hidden, heads, hidden // heads) if weight else (heads, hidden // heads)
        return {name: value.T.reshape(shape)}
    if part == "ffn":
        return {f"{block}/MlpBlock_3/Dense_{0 if layer == 'fc1' else 1}/{leaf}": value.T}
    number = 0 if part == "attention_norm" else 2
    return {f"{block}/LayerNorm_{number}/{'scale' if weight else 'bias'}": value}


def network(seed: int, **sizes: int) -> TransUNet:
    torch.manual_seed(seed)
    model = TransUNet(TransUNetConfig(**{"hidden": 24, "layers": 2, **sizes}))
    for name, tensor in model.state_dict().items():
        if name.startswith("transformer"):
            torch.nn.init.normal_(tensor)
    return model


@pytest.fixture(scope="module")
def donor() -> TransUNet:
    return network(1)


@pytest.fixture(scope="module")
def archive(donor: TransUNet) -> dict[str, np.ndarray]:
    return archive_of(donor.state_dict())


def test_the_archive_sets_stem_and_transformer_and_nothing_else(donor, archive):
    model = network(2)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    line = weights.load_archive(model, archive)
    assert "decoder and head random" in line
    for name, tensor in model.state_dict().items():
        source = donor.state_dict() if name.startswith("transformer") else before
        assert torch.equal(tensor, source[name]), name


def test_vectors_may_come_flat(donor, archive):
    arrays = {name: value.reshape(-1) if "gn" in name else value for name, value in archive.items()}
    model = network(2)
    weights.load_archive(model, arrays)
    assert torch.equal(
        model.state_dict()[STEM.replace("conv", "gn")], donor.state_dict()[STEM.replace("conv", "gn")]
    )


def test_another_grid_of_the_archive_is_interpolated():
    donor, model = network(1, grid=24), network(2)
    assert "24x24 positions resized to 14x14" in weights.load_archive(model, archive_of(donor.state_dict()))
    expected = resize_positions(donor.state_dict()[POSITIONS], 14, 14)
    assert torch.equal(model.state_dict()[POSITIONS], expected)


def test_the_archive_does_not_fit_another_width(archive):
    with pytest.raises(WeightsError, match=r"npz holds a network of hidden 24.*the model has hidden 48"):
        weights.load_archive(network(2, hidden=48), archive)


def as_file(arrays: dict[str, np.ndarray], folder: Path) -> Path:
    np.savez_compressed(folder / "a.npz", **arrays)
    return folder / "a.npz"


@pytest.mark.slow
def test_the_published_width_is_recognised(tmp_path):
    state = on_meta(lambda: published_variant("finetune768"))
    found = formats.imagenet21k(as_file(archive_of(state), tmp_path))
    expected = {name for name in state if name.startswith("transformer")}
    assert found.options == {"hidden": 768}
    assert (found.channels, found.num_logits) == (3, None)
    assert found.state.keys() == expected
    assert len(expected) == 353
    with pytest.raises(WeightsError, match=r"use retina\[hidden=768\]@file:"):
        weights.file.load(published_variant("finetune192"), tmp_path / "a.npz")


def test_a_named_archive_is_read_like_any_file(donor, archive, tmp_path):
    model = network(2)
    weights.file.load(model, as_file(archive, tmp_path))
    assert torch.equal(model.state_dict()[STEM], donor.state_dict()[STEM])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            {"conv_root/kernel": np.zeros((7, 7), np.float32)},
            r"conv_root/kernel has the unexpected shape \(7, 7\)",
        ),
        ({"embedding/kernel": np.zeros((1, 1, 1024, 24), np.int64)}, "holds int64, expected floating-point"),
        ({"conv_root/kernel": np.full((7, 7, 3, 64), np.nan, np.float32)}, "NaN or infinite"),
        ({"Transformer/posembed_input/pos_embedding": np.zeros((1, 14, 24), np.float32)}, "square grid"),
        ({"Transformer/posembed_input/pos_embedding": np.float32(0)}, "has the unexpected shape"),
        ({"Transformer/encoderblock_1/LayerNorm_2/bias": None}, "missing in the file: .*ffn_norm.bias"),
    ],
)
def test_a_damaged_archive_is_refused(change, words, archive):
    model = network(2)
    before = model.state_dict()[STEM].clone()
    arrays = {name: value for name, value in {**archive, **change}.items() if value is not None}
    with pytest.raises(WeightsError, match=words):
        weights.load_archive(model, arrays)
    assert torch.equal(model.state_dict()[STEM], before)


def test_another_archive_is_none_of_them(tmp_path):
    file = as_file({"a": np.ones(3)}, tmp_path)
    assert formats.imagenet21k(file) is None
    with pytest.raises(WeightsError, match=r"is not the ImageNet-21k archive.*it holds tensors named a"):
        weights.file.load(network(2), file)


def test_an_archive_of_python_objects_is_not_unpickled(tmp_path):
    arrays = {name: np.array([{}], dtype=object) for name in ("conv_root/kernel", imagenet.PATCHES)}
    file = as_file({**arrays, imagenet.POSITIONS: np.array([{}], dtype=object)}, tmp_path)
    with pytest.raises(WeightsError, match="could run code"):
        formats.imagenet21k(file)


# ------------------------------------------------------------------------------------- MoCo, ResNets
def resnet(name: str = "resnet50", channels: int = 1) -> State:
    return on_meta(lambda: get_encoder(name, in_channels=channels, weights=None))


def checkpoint(state: State, prefix: str = "module.", **more: object) -> dict[str, object]:
    """What MoCo's training writes."""
    head = {"fc.0.weight": torch.zeros(8, 8), "fc.2.bias": torch.zeros(8)}
    both = {
        f"{prefix}{side}.{name}": value
        for side in ("encoder_q", "encoder_k")
        for name, value in {**state, **head}.items()
    }
    queue = {f"{prefix}queue": torch.zeros(8, 9), f"{prefix}queue_ptr": torch.zeros(1, dtype=torch.long)}
    return {
        "epoch": 200,
        "arch": "resnet50",
        "state_dict": {**both, **queue},
        "optimizer": {"state": {0: {"momentum_buffer": torch.zeros(3)}}, "param_groups": [{"lr": 0.03}]},
        **more,
    }


@pytest.mark.parametrize("prefix", ["module.", ""])
def test_cem500ks_checkpoint_is_recognised_with_its_norms(prefix, tmp_path):
    found = encoder_formats.moco(save(checkpoint(resnet(), prefix, norms=[0.57, 0.12]), tmp_path))
    assert found.options == {"encoder": "resnet50"}
    assert found.channels == 1
    assert found.normalisation == Normalisation(mean=(0.57,), std=(0.12,))
    assert found.state.keys() == {f"encoder.{name}" for name in resnet()}
    (card,) = [card for card in PUBLISHED if card.name == "unet-cem500k-mocov2"]
    assert (card.channels, card.options, logits(card)) == (1, found.options, None)


def test_imagenets_checkpoint_is_for_colours(tmp_path):
    found = encoder_formats.moco(save(checkpoint(resnet(channels=3)), tmp_path))
    assert (found.channels, found.normalisation) == (3, None)


@pytest.mark.parametrize("prefix", ["module.", ""])
@pytest.mark.parametrize("whole", [True, False])
def test_cem1_5ms_checkpoint_is_recognised_with_its_norms(prefix, whole, tmp_path):
    """As SwAV's training writes it, and as it was published: cut down to the encoder."""
    head = {"projection_head.0.weight": torch.zeros(9, 9), "prototypes.weight": torch.zeros(9, 9)}
    state = {f"{prefix}{name}": value for name, value in {**resnet(), **(head if whole else {})}.items()}
    content = {"epoch": 200, "state_dict": state, "optimizer": {}, "run_id": "x", "norms": [0.58, 0.13]}
    found = encoder_formats.swav(save(content, tmp_path))
    assert (found.options, found.channels) == ({"encoder": "resnet50"}, 1)
    assert found.normalisation == Normalisation(mean=(0.58,), std=(0.13,))
    assert found.state.keys() == {f"encoder.{name}" for name in resnet()}
    (card,) = [card for card in PUBLISHED if card.name == "unet-cem1.5m-swav"]
    assert (card.channels, card.options, logits(card)) == (1, found.options, None)
    model = smp_models.unet(1, 1, "resnet50")
    line = smp_weights.cem1_5m_swav.load(model, save(content, tmp_path))
    assert "encoder loaded (318 tensors)" in line


@pytest.mark.parametrize("wrap", [lambda state: state, lambda state: {"state_dict": wrapped(state)}])
def test_mitonets_encoder_is_taken_from_its_network(wrap, tmp_path):
    encoder = {f"encoder.{name}": value for name, value in resnet().items()}
    others = {
        f"{part}.0.weight": torch.zeros(3, 3)
        for part in ("semantic_decoder", "instance_decoder", "semantic_head", "ins_center", "semantic_pr")
    }
    found = encoder_formats.panoptic(save(wrap({**encoder, **others}), tmp_path))
    assert (found.options, found.channels) == ({"encoder": "resnet50"}, 1)
    assert found.state.keys() == encoder.keys()
    assert encoder_formats.panoptic(save(wrap(encoder), tmp_path)) is None


@pytest.mark.parametrize("name", ["resnet18", "resnet34", "resnet101"])
def test_a_resnets_own_file_is_recognised(name, tmp_path):
    state = resnet(name, channels=3)
    file = {**state, "fc.weight": torch.zeros(9, 9), "fc.bias": torch.zeros(9)}
    for form in (file, {f"encoder.{key}": value for key, value in state.items()}, wrapped(file)):
        found = encoder_formats.resnet(save(form, tmp_path))
        assert found.options == {"encoder": name}
        assert found.state.keys() == {f"encoder.{key}" for key in state}


def test_old_files_lack_batchnorms_counts(tmp_path):
    state = resnet("resnet18")
    old = {name: value for name, value in state.items() if not name.endswith("num_batches_tracked")}
    found = encoder_formats.resnet(save(old, tmp_path))
    assert found.state.keys() == {f"encoder.{name}" for name in state}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"layer4.1.bn2.bias": None}, "looks like a resnet18, but is not whole: missing in the file: layer4"),
        ({"bn1.weight": torch.zeros(5)}, r"bn1.weight \(5,\) instead of \(64,\)"),
        ({"bn1.weight": torch.full((64,), torch.inf)}, "NaN or infinite values in bn1.weight"),
        ({"layer1.2.conv1.weight": torch.zeros(64, 64, 3, 3)}, r"\(3, 2, 2, 2\) blocks per stage"),
        ({"conv1.weight": torch.zeros(64)}, "expected a ResNet"),
    ],
)
def test_a_damaged_encoder_is_refused(change, words, tmp_path):
    state = {name: value for name, value in {**resnet("resnet18"), **change}.items() if value is not None}
    for content, read in (
        (state, encoder_formats.resnet),
        (checkpoint(state), encoder_formats.moco),
    ):
        with pytest.raises(WeightsError, match=words):
            read(save(content, tmp_path))


def test_norms_that_are_none_are_refused(tmp_path):
    with pytest.raises(WeightsError, match="expected its norms to be a mean and a deviation, got 'x'"):
        encoder_formats.moco(save(checkpoint(resnet(), norms="x"), tmp_path))


def test_each_format_leaves_the_others_alone(pretrained, tmp_path):
    retina, moco = save(pretrained, tmp_path, "r"), save(checkpoint(resnet("resnet18")), tmp_path, "m")
    encoder = save(resnet("resnet18"), tmp_path, "e")
    assert formats.network(moco) is formats.network(encoder) is None
    assert formats.imagenet21k(retina) is formats.imagenet21k(moco) is None
    assert encoder_formats.moco(retina) is encoder_formats.moco(encoder) is None
    assert encoder_formats.resnet(retina) is encoder_formats.resnet(moco) is None
    for read in (encoder_formats.swav, encoder_formats.panoptic):
        assert read(retina) is read(moco) is read(encoder) is None


# ------------------------------------------------------------------------------------- into the U-Net
def encoder_state(channels: int) -> State:
    torch.manual_seed(4)
    encoder = get_encoder("resnet18", in_channels=channels, weights=None)
    return {f"encoder.{name}": value for name, value in encoder.state_dict().items()}


@pytest.mark.parametrize("trained_on", [1, 3])
@pytest.mark.parametrize("channels", [1, 3, 2])
def test_an_encoder_serves_images_of_any_channels(channels, trained_on, tmp_path):
    """An image whose channels are all alike gives the features that it gave where the encoder was trained."""
    state = encoder_state(trained_on)
    torch.manual_seed(5)
    model = smp_models.unet(channels, 1, "resnet18").eval()
    decoder = {name: value.clone() for name, value in model.decoder.state_dict().items()}
    line = smp_weights.file.load(model, save(state, tmp_path))
    assert ("adapted" in line) == (channels != trained_on)
    reference = get_encoder("resnet18", in_channels=trained_on, weights=None).eval()
    reference.load_state_dict({name.removeprefix("encoder."): value for name, value in state.items()})
    grey = torch.randn(1, 1, 64, 64)
    mine = model.encoder(grey.expand(-1, channels, -1, -1))[1:]
    theirs = reference(grey.expand(-1, trained_on, -1, -1))[1:]
    for a, b in zip(mine, theirs, strict=True):
        torch.testing.assert_close(a, b, atol=1e-4, rtol=1e-4)
    assert all(torch.equal(value, decoder[name]) for name, value in model.decoder.state_dict().items())


def bare(state: State) -> State:
    return {name.removeprefix("encoder."): value for name, value in state.items()}


@pytest.mark.parametrize(
    "write", [dict, bare, lambda state: wrapped(bare(state)), lambda state: checkpoint(bare(state))]
)
def test_an_encoder_is_loaded_from_any_kind_of_file(write, tmp_path):
    state = encoder_state(1)
    model = smp_models.unet(1, 1, "resnet18")
    line = smp_weights.file.load(model, save(write(state), tmp_path))
    assert line == "w.pt: encoder loaded (120 tensors); decoder and head random"
    assert all(torch.equal(model.state_dict()[name], value) for name, value in state.items())


# ---------------------------------------------------------------------------------------------- cards
def test_fine_tuned_cards_say_what_the_recipes_do():
    recipes = {recipe.name.removeprefix("retina-2025-"): recipe for recipe in RETINA_RECIPES[1:]}
    assert {card.name for card in FINETUNED} == {f"retina-{name}" for name in recipes}
    for card in FINETUNED:
        recipe = recipes[card.name.removeprefix("retina-")]
        assert (card.normalisation, card.window) == (recipe.normalisation, recipe.crop)
        assert len(recipe.class_weights) in (0, len(card.class_names))
    assert {card.name: logits(card) for card in FINETUNED if logits(card) != 1} == {
        "retina-guay": 7,
        "retina-urocell": 3,
    }
