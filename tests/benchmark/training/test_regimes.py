"""How much of a network trains: which numbers get gradients and change, and what stays as it is."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace

import pytest
import torch
from emseg_bench.benchmark.contracts.errors import TrialError, UnknownNameError, UsageError
from emseg_bench.benchmark.experiments.regimes import parse_regime
from emseg_bench.benchmark.training.adapters import adapted_layers
from emseg_bench.benchmark.training.blocks import blocks_of
from emseg_bench.benchmark.training.optimiser_size import OptimiserSize
from emseg_bench.benchmark.training.regimes import Training
from emseg_bench.benchmark.weights.low_rank import Factors
from emseg_bench.testing.sample_trials import spec
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F


class Block(nn.Module):
    def __init__(self, linear):
        super().__init__()
        self.linear = linear
        self.norm = nn.BatchNorm2d(4)
        self.dense = nn.Linear(4, 4) if linear else nn.Conv2d(4, 4, 3, padding=1)
        self.dropout = nn.Dropout(0.5)

    def forward(self, x):
        if not self.linear:
            return x + self.dropout(self.dense(self.norm(x)))
        return x + self.dropout(self.dense(self.norm(x).movedim(1, -1)).movedim(-1, 1))


class Encoder(nn.Module):
    def __init__(self, linear):
        super().__init__()
        self.stem = nn.Conv2d(1, 4, 3, padding=1)
        self.blocks = nn.ModuleList(Block(linear) for _ in range(3))
        self.last = nn.BatchNorm2d(4)

    def forward(self, x):
        x = self.stem(x)
        for block in self.blocks:
            x = block(x)
        return self.last(x)


class Tiny(nn.Module):
    def __init__(self, linear=True):
        super().__init__()
        self.encoder = Encoder(linear)
        self.head = nn.Sequential(nn.BatchNorm2d(4), nn.Dropout(0.5), nn.Conv2d(4, 1, 1))

    def forward(self, x):
        return self.head(self.encoder(x))


def model(train):
    return replace(spec("tiny", 0).model, train=str(parse_regime(train)), backbone=("encoder.",))


def step(network, regime, optimiser):
    network.train()
    regime.hold_still()
    loss = F.binary_cross_entropy_with_logits(network(torch.randn(2, 1, 8, 8)), torch.ones(2, 1, 8, 8))
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()


def trained(network, train, steps=3):
    """Train a few steps; give how it was trained, and the optimiser."""
    regime = Training(network, model(train))
    optimiser = torch.optim.AdamW([one for one in network.parameters() if one.requires_grad], 0.1)
    for _ in range(steps):
        step(network, regime, optimiser)
    return regime, optimiser


def changed(network, train):
    """Train a network, and name the tensors of its state that are no longer what they were."""
    before = {name: value.clone() for name, value in network.state_dict().items()}
    regime, _ = trained(network, train)
    regime.finish()
    after = network.state_dict()
    assert list(after) == list(before)
    return {name for name, value in after.items() if not torch.equal(value, before[name])}


@pytest.fixture(autouse=True)
def _seeded():
    torch.manual_seed(3)


def below(network, *prefixes):
    return {name for name in network.state_dict() if name.startswith(prefixes)}


def statistics(network, prefix):
    return {name for name in below(network, prefix) if "running_" in name or "num_batches" in name}


def test_all_changes_everything():
    network = Tiny()
    assert changed(network, "all") == set(network.state_dict())


def test_head_leaves_backbone_and_its_statistics_as_they_are():
    network = Tiny()
    assert changed(network, "head") == below(network, "head.")


def test_norm_changes_scales_shifts_and_statistics_of_normalisation():
    network = Tiny()
    norms = {name for name in below(network, "encoder.") if ".norm." in name or ".last." in name}
    assert changed(network, "norm") == below(network, "head.") | norms


@pytest.mark.parametrize(("blocks", "first"), [(1, 2), (2, 1), (3, 0)])
def test_last_blocks_change_with_what_comes_after_them(blocks, first):
    network = Tiny()
    places = [f"encoder.blocks.{number}." for number in range(first, 3)]
    assert changed(network, f"last-{blocks}") == below(network, "head.", "encoder.last.", *places)


@pytest.mark.parametrize("linear", [True, False])
def test_lora_changes_weights_of_linear_layers_or_else_of_convolutions(linear):
    network = Tiny(linear)
    names = {f"encoder.blocks.{number}.dense.weight" for number in range(3)}
    if not linear:
        names.add("encoder.stem.weight")
    assert changed(network, "lora[rank=2]") == below(network, "head.") | names


@pytest.mark.parametrize("train", ["head", "norm", "last-1", "lora"])
def test_what_is_frozen_is_in_evaluation_mode(train):
    network = Tiny()
    regime = Training(network, model(train))
    network.train()
    regime.hold_still()
    moving = {
        "head": set(),
        "norm": {"encoder.last", *(f"encoder.blocks.{number}.norm" for number in range(3))},
        "last-1": {
            "encoder.last",
            *(f"encoder.blocks.2{part}" for part in ("", ".norm", ".dense", ".dropout")),
        },
        "lora": set(),
    }
    in_training = {
        name for name, one in network.named_modules() if one.training and name.startswith("encoder")
    }
    assert in_training == moving[train]
    assert network.head[1].training


def test_frozen_parameters_have_no_gradients():
    network = Tiny()
    trained(network, "head", steps=1)
    for name, parameter in network.named_parameters():
        assert (parameter.grad is not None) == name.startswith("head.")


# ------------------------------------------------------------------------------------------ LoRA
@pytest.mark.parametrize("linear", [True, False])
@pytest.mark.parametrize("train", ["lora[rank=2]", "lora[rank=3,alpha=12]"])
def test_merged_network_is_the_adapted_one(linear, train):
    network, images = Tiny(linear), torch.randn(2, 1, 8, 8)
    names = list(network.state_dict())
    regime, _ = trained(network, train)
    adapted = network.eval()(images)
    with regime.as_tested():
        assert list(network.state_dict()) == names
        assert torch.allclose(network(images), adapted, atol=1e-5)
        merged = deepcopy(network.state_dict())
    assert list(network.state_dict()) != names
    assert torch.equal(network(images), adapted)  # to the last bit: training goes on from there
    regime.finish()
    assert [type(one) for one in network.modules()] == [type(one) for one in Tiny(linear).modules()]
    assert all(torch.equal(value, merged[name]) for name, value in network.state_dict().items())
    assert not hasattr(network, "peft_config")


def test_what_is_added_is_what_peft_adds():
    network = Tiny(linear=False)
    regime, _ = trained(network, "lora[rank=2,alpha=5]")
    layer = network.encoder.blocks[1].dense
    found = regime._adapters.factors()["encoder.blocks.1.dense.weight"]
    assert found.scale == 2.5
    assert torch.allclose(found.product(), layer.get_delta_weight("default"), atol=1e-6)


@given(st.integers(1, 4), st.integers(1, 4), st.integers(1, 3), st.sampled_from([(), (1, 1), (3, 2)]))
def test_products_are_those_of_the_layers(inputs, outputs, rank, kernel):
    down, up = torch.randn(rank, inputs, *kernel), torch.randn(outputs, rank, *(1 for _ in kernel))
    product = Factors(down, up, 0.5).product()
    by_hand = 0.5 * torch.einsum("or,r...->o...", up.flatten(1), down)
    assert product.shape == (outputs, inputs, *kernel)
    assert torch.allclose(product, by_hand, atol=1e-5)


def test_layers_with_more_to_their_weights_than_a_product_are_left_alone():
    class Standardised(nn.Conv2d):
        pass

    network = nn.ModuleDict(
        {
            "encoder": nn.Sequential(
                Standardised(2, 2, 1), nn.Conv2d(2, 2, 3, groups=2), nn.Conv2d(2, 2, 3, dilation=2)
            )
        }
    )
    with pytest.raises(TrialError, match="neither linear layers nor plain convolutions"):
        adapted_layers(network, ("encoder.",))
    network["encoder"].append(nn.Conv2d(2, 2, 1))
    assert adapted_layers(network, ("encoder.",)) == ["encoder.3"]
    network["encoder"].append(nn.MultiheadAttention(2, 1))  # which reads its weights by itself
    assert adapted_layers(network, ("encoder.",)) == ["encoder.3"]


class Attention(nn.Module):
    """Reads its layer's weight by itself unless it is told otherwise, as some of timm's do."""

    def __init__(self):
        super().__init__()
        self.qkv, self.bias = nn.Linear(4, 4, bias=False), nn.Parameter(torch.ones(4))
        self.qkv_bias_separate = False

    def forward(self, x):
        x = x.movedim(1, -1)
        if self.qkv_bias_separate:
            return (self.qkv(x) + self.bias).movedim(-1, 1)
        return F.linear(x, self.qkv.weight, self.bias).movedim(-1, 1)


def test_attention_that_reads_weights_by_itself_is_adapted_too():
    network = Tiny()
    network.encoder.blocks[0] = Attention()
    names = {"encoder.blocks.0.qkv.weight", *(f"encoder.blocks.{number}.dense.weight" for number in (1, 2))}
    assert changed(network, "lora") == below(network, "head.") | names
    assert network.encoder.blocks[0].qkv_bias_separate is False


def test_layers_that_are_read_and_not_called_are_named():
    network, images = Tiny(), torch.randn(1, 1, 8, 8)
    network.encoder.blocks[1] = Attention()
    regime = Training(network, model("lora"))
    assert regime.idle_in(lambda: network(images)) == []
    network.encoder.blocks[1].qkv_bias_separate = False
    assert regime.idle_in(lambda: network(images)) == ["encoder.blocks.1.qkv"]
    assert Training(Tiny(), model("head")).idle_in(lambda: pytest.fail("there is nothing to look for")) == []


# ----------------------------------------------------------------------------------------- costs
@pytest.mark.parametrize(
    ("train", "count"),
    [
        ("all", 40 + 3 * 28 + 8 + 13),
        ("head", 13),
        ("norm", 13 + 4 * 8),
        ("last-2", 13 + 8 + 2 * 28),
        ("lora[rank=3]", 13 + 3 * 3 * 8),
    ],
)
def test_what_the_optimiser_changes_and_remembers_is_counted(train, count):
    _, optimiser = trained(Tiny(), train)
    found = OptimiserSize.of(optimiser)
    assert found.parameters == count
    tensors = sum(len(group["params"]) for group in optimiser.param_groups)
    assert found.state_mib * 2**20 == 4 * (2 * count + tensors)  # two means of each, and a count of steps


# ---------------------------------------------------------------------------------------- blocks
def test_blocks_of_stages_count_and_not_the_stages():
    stage = nn.Sequential(Block(linear=True), Block(linear=True))
    network = nn.ModuleDict(
        {"body": nn.Sequential(nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU()), stage, deepcopy(stage))}
    )
    assert list(blocks_of(network, ("body.",))) == ["body.1.0", "body.1.1", "body.2.0", "body.2.1"]


def test_convolutions_with_their_normalisation_make_no_stage():
    def level():
        return nn.Sequential(*(nn.Sequential(nn.Conv2d(2, 2, 1), nn.BatchNorm2d(2)) for _ in range(2)))

    network = nn.ModuleDict({"body": nn.Sequential(level(), level())})
    assert list(blocks_of(network, ("body.",))) == ["body.0", "body.1"]


# ---------------------------------------------------------------------------------------- faults
@pytest.mark.parametrize(
    ("train", "why"),
    [
        ("last-4", "the backbone has 3 blocks"),
        ("norm", "no normalisation layers"),
    ],
)
def test_what_a_network_has_not_is_told(train, why):
    network = Tiny()
    if train == "norm":
        network.encoder = nn.Sequential(nn.Conv2d(1, 4, 1))
    with pytest.raises(TrialError, match=why):
        Training(network, model(train))


@pytest.mark.parametrize("backbone", [("body.",), ("encoder.", "head.")])
def test_wrong_backbones_are_told(backbone):
    with pytest.raises(TrialError, match=r"mend ModelCard\.backbone"):
        Training(Tiny(), replace(model("head"), backbone=backbone))


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("all", "all"),
        ("head", "head"),
        ("norm", "norm"),
        ("last-12", "last-12"),
        ("lora", "lora[rank=8]"),
        ("lora[rank=4,alpha=4]", "lora[rank=4]"),
        ("lora[alpha=0.5]", "lora[alpha=0.5,rank=8]"),
    ],
)
def test_ways_to_train_are_written_in_one_way(text, written):
    assert str(parse_regime(text)) == written
    assert parse_regime(written) == parse_regime(text)


@pytest.mark.parametrize(
    ("text", "kind", "message"),
    [
        ("heads", UnknownNameError, "did you mean 'head'"),
        ("LoRA", UnknownNameError, "did you mean 'lora'"),
        ("last-0", UsageError, "from 1 to 9999"),
        ("last-N", UsageError, "from 1 to 9999"),
        ("last-2[x=1]", UsageError, "takes no options"),
        ("head[rank=4]", UsageError, "takes no options"),
        ("lora[ranks=4]", UsageError, "train=lora.ranks: there is no such key; did you mean 'rank'"),
        ("lora[rank=0]", UsageError, "rank"),
        ("lora[rank=2.5]", UsageError, "rank"),
        ("lora[alpha=.inf]", UsageError, "finite"),
        ("lora[alpha=-1]", UsageError, "alpha"),
        ("lora[", UsageError, "expected NAME"),
    ],
)
def test_other_ways_to_train_are_refused(text, kind, message):
    with pytest.raises(kind, match=message):
        parse_regime(text)
