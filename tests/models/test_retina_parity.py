"""RETINA's network against the published one: reference numbers, and the full check where it is at hand.

Weights and inputs come from a rule (name, shape, seed), so that a few hundred output values pin down
the whole forward pass.
"""

import json
import math
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from emseg_bench.models.retina.network import PUBLISHED, published_variant

REFERENCE = json.loads((Path(__file__).parent / "retina_reference.json").read_text())
FULL_CHECK = Path(__file__).parents[2].parent / "shared" / "retina" / "parity.py"


def generator(name: str) -> np.random.Generator:
    return np.random.default_rng([REFERENCE["seed"], zlib.crc32(name.encode())])


def rule_value(name: str, shape: tuple[int, ...]) -> np.ndarray:
    """Normal numbers, scaled by what the tensor is for."""
    if name.endswith("num_batches_tracked"):
        return np.zeros(shape, np.int64)
    noise = generator(name).standard_normal(shape)
    if name.endswith("running_var"):
        noise = 1 + 0.1 * np.abs(noise)
    elif name.endswith(("running_mean", "bias")):
        noise = 0.05 * noise
    elif name.endswith("position_embeddings"):
        noise = 0.02 * noise
    elif len(shape) == 1:
        noise = 1 + 0.05 * noise
    else:
        noise = noise / math.sqrt(math.prod(shape[1:]))
    return noise


def shrunk(name: str, value: np.ndarray, scale: float) -> np.ndarray:
    """Small encoder activations, at which the eps of every normalisation layer shows in the output."""
    small = name.startswith("transformer.") and "encoder_norm" not in name
    return value * scale if small and (value.ndim == 1 or "position_embeddings" in name) else value


def rule_state(model: torch.nn.Module, scale: float) -> dict[str, torch.Tensor]:
    return {
        name: torch.from_numpy(shrunk(name, rule_value(name, tuple(old.shape)), scale)).to(old.dtype)
        for name, old in model.state_dict().items()
    }


def rule_input(shape: list[int]) -> torch.Tensor:
    """Blocks of 16 px plus noise, about unit variance."""
    n, c, h, w = shape
    numbers = generator("input:" + "x".join(map(str, shape)))
    blocks = numbers.standard_normal((n, c, h // 16, w // 16)).repeat(16, axis=2).repeat(16, axis=3)
    return torch.from_numpy((0.8 * blocks + 0.6 * numbers.standard_normal(shape)).astype(np.float32))


def case_parameter(case: dict) -> object:
    marks = [pytest.mark.slow] if "768" in case["variant"] else []
    return pytest.param(case, id=f"{case['variant']}-{case['tag']}", marks=marks)


@pytest.mark.parametrize("case", [case_parameter(case) for case in REFERENCE["cases"]])
def test_outputs_equal_the_published_networks(case: dict) -> None:
    model = published_variant(case["variant"]).eval()
    model.load_state_dict(rule_state(model, case["encoder_scale"]), strict=True)
    with torch.no_grad():
        out = model(rule_input(case["input_shape"]))
    assert list(out.shape) == case["output_shape"]
    off = (out.double().flatten()[case["indices"]] - torch.tensor(case["values"], dtype=torch.float64)).abs()
    assert off.max() <= case["limit"] * case["std"]
    assert abs(out.double().mean() - case["mean"]) <= case["limit"] * case["std"]


def test_outputs_with_gradients_equal_the_published_networks() -> None:
    """The path that training takes, in which nothing is folded."""
    case = next(case for case in REFERENCE["cases"] if case["variant"] == "finetune192")
    model = published_variant("finetune192").eval()
    model.load_state_dict(rule_state(model, 1.0))
    out = model(rule_input(case["input_shape"])).detach()
    off = out.flatten()[case["indices"]] - torch.tensor(case["values"])
    assert off.abs().max() <= case["limit"] * case["std"]


@pytest.mark.slow
@pytest.mark.skipif(not FULL_CHECK.exists(), reason="the full parity check is not beside this repository")
@pytest.mark.parametrize("variant", PUBLISHED)
@pytest.mark.parametrize("what", ["keys", "check"])
def test_full_parity_check_passes(what: str, variant: str, run_script: Callable) -> None:
    done = run_script(FULL_CHECK, what, "emseg_bench.models.retina.network:published_variant", variant)
    assert done.code == 0, done.out + done.err
    assert done.out.splitlines()[-1] == "PASS"


@pytest.mark.slow
@pytest.mark.skipif(not FULL_CHECK.exists(), reason="the full parity check is not beside this repository")
def test_the_imagenet_archive_is_loaded_as_published(run_script: Callable) -> None:
    module = "emseg_bench.models.retina"
    done = run_script(
        FULL_CHECK, "imagenet", f"{module}.network:published_variant", f"{module}.weights:load_archive"
    )
    assert done.code == 0, done.out + done.err
    assert done.out.splitlines()[-1] == "PASS"
