"""What networks give or ask for beside logits: auxiliary outputs, extra ones, a loss of their own."""

from __future__ import annotations

from contextlib import nullcontext
from types import SimpleNamespace

import pytest
import torch
from emseg_bench.benchmark.contracts.data import Normalisation
from emseg_bench.benchmark.contracts.errors import TrialError
from emseg_bench.benchmark.training.auxiliary import AuxiliaryLoss
from emseg_bench.benchmark.training.methods import TrainingLoss
from emseg_bench.benchmark.training.module import TrainingModule
from emseg_bench.plugin import TrainingOutputs
from torch import nn

IMAGES = torch.rand(2, 1, 8, 8, generator=torch.Generator().manual_seed(0))
LABELS = torch.ones(2, 8, 8, dtype=torch.int64)


class Mean(nn.Module):
    def forward(self, logits, labels):
        assert logits.shape[-2:] == labels.shape[-2:]
        return logits.mean()


class Deep(nn.Module):
    def __init__(self, **auxiliary):
        super().__init__()
        self.scale, self.auxiliary = nn.Parameter(torch.ones(())), auxiliary

    def forward(self, images):
        if not self.training:
            return images * self.scale
        return TrainingOutputs(logits=images * self.scale, auxiliary=self.auxiliary)


def step(network: nn.Module, **settings) -> float:
    loss = TrainingLoss(Mean(), 1, 7, "mean")
    normalisation = Normalisation(mean=(0.0,), std=(1.0,))
    module = TrainingModule(network, loss, normalisation, torch.device("cpu"), **settings)
    batch = SimpleNamespace(on=lambda _: (IMAGES, LABELS), instances_on=lambda _: 5 * LABELS)
    wrapper = SimpleNamespace(
        optim_context=lambda _: nullcontext(),
        backward=lambda _: None,
        step=lambda: None,
        zero_grad=lambda: None,
    )
    return float(module.train().train_step(batch, wrapper)["loss"])


def test_auxiliary_outputs_count_by_their_weight():
    half, whole = torch.full((2, 1, 4, 4), 3.0), torch.full((2, 1, 8, 8), 5.0)
    plain = step(Deep())
    assert plain == pytest.approx(float(IMAGES.mean()))
    assert step(Deep(half=(half, 0.5), whole=(whole, 0.25))) == pytest.approx(plain + 1.5 + 1.25)


def test_inference_sees_logits_alone():
    assert isinstance(Deep(half=(IMAGES, 1.0)).eval()(IMAGES), torch.Tensor)


@pytest.mark.parametrize("more", [torch.zeros(2, 3, 4, 4), torch.zeros(8, 8), None])
def test_what_are_no_logits_is_told(more):
    with pytest.raises(TrialError, match=r"auxiliary output 'half' is .*expected logits"):
        step(Deep(half=(more, 0.5)))


class Affine(nn.Module):
    """Gives its images, and twice them behind them; its own loss is what a test wants."""

    def __init__(self, own):
        super().__init__()
        self.scale, self.own = nn.Parameter(torch.ones(())), own

    def forward(self, images):
        return torch.cat([images, 2 * images], 1) * self.scale

    def auxiliary_loss(self, outputs, labels, instances):
        return self.own(outputs, labels, instances)


def test_a_module_adds_its_own_loss_of_all_outputs():
    seen = []

    def own(*given):
        seen.append(given)
        return given[0][:, 1].mean()

    plain = float(IMAGES.mean())
    assert step(Affine(own), num_extra=1) == pytest.approx(3 * plain)
    assert step(Affine(own), num_extra=1, accumulate=2) == pytest.approx(3 * plain)
    outputs, labels, instances = seen[0]
    assert outputs.shape == (2, 2, 8, 8)
    assert (labels == 1).all()
    assert (instances == 5).all()


def test_pixels_that_do_not_count_are_marked_for_it():
    labels = torch.tensor([[[0, 7, 1]]])
    loss = AuxiliaryLoss(lambda _, labels, __: (labels == -100).sum().float())
    assert float(loss(IMAGES, labels, labels, 7)) == 1


@pytest.mark.parametrize(
    ("own", "words"),
    [
        (lambda *_: IMAGES, r"auxiliary_loss returned a tensor \(2, 1, 8, 8\), expected a scalar"),
        (lambda *_: 1 / 0, "auxiliary_loss failed with ZeroDivisionError"),
    ],
)
def test_what_is_no_loss_is_told(own, words):
    with pytest.raises(TrialError, match=words):
        step(Affine(own), num_extra=1)


def test_outputs_that_nothing_trains_are_told():
    with pytest.raises(TrialError, match=r"1 output\(s\) behind its logits, and nothing trains them"):
        step(Deep(), num_extra=1)
    with pytest.raises(TrialError, match=r"into \(2, 2, 8, 8\), expected logits"):
        step(Affine(lambda *_: IMAGES.mean()))
