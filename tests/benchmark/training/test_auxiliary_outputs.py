"""Deep supervision: the loss sees auxiliary outputs by their weights, and inference does not."""

from __future__ import annotations

from contextlib import nullcontext
from types import SimpleNamespace

import pytest
import torch
from emseg_bench.benchmark.contracts.data import Normalisation
from emseg_bench.benchmark.contracts.errors import TrialError
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


def step(network: nn.Module) -> float:
    loss = TrainingLoss(Mean(), 1, None, "mean")
    module = TrainingModule(network, loss, Normalisation(mean=(0.0,), std=(1.0,)), torch.device("cpu"))
    wrapper = SimpleNamespace(
        optim_context=lambda _: nullcontext(),
        backward=lambda _: None,
        step=lambda: None,
        zero_grad=lambda: None,
    )
    return float(module.train().train_step(SimpleNamespace(on=lambda _: (IMAGES, LABELS)), wrapper)["loss"])


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
