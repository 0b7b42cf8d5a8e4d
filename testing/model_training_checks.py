"""What a model owes to training: gradients, weights that follow the seed, and a state that can be stored."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..benchmark.contracts.data import TrainingOutputs
from ..benchmark.plugins.strangers import RAISED, describe_error
from ..benchmark.training.auxiliary import auxiliary_loss_of
from .findings import Check, ContractError
from .model_bench import BATCH, Digest, ModelBench, digest, evaluate

IGNORED = 255
"""Label of pixels that do not count."""


def check_gradients(bench: ModelBench) -> None:
    """A training step reaches every trainable parameter with a finite gradient."""
    _ = bench.logits, bench.digest  # as built: a training step moves running statistics
    _backward(bench.network, bench.images)
    trainable = {name: p.grad for name, p in bench.network.named_parameters() if p.requires_grad}
    if missed := [name for name, gradient in trainable.items() if gradient is None]:
        raise ContractError(
            f"no gradient for {_some(missed)}",
            "one for every trainable parameter",
            "Use the parameter, delete it, or set requires_grad to False",
        )
    if wild := [name for name, gradient in trainable.items() if not _is_finite(gradient)]:
        raise ContractError(
            f"NaN in the gradient of {_some(wild)}", "finite numbers", "Look for divisions by 0"
        )


def check_same_seed(bench: ModelBench) -> None:
    """The same seed gives the same weights."""
    first, second = bench.digest, digest(bench.build(bench.channels, 1, 0))
    if first != second:
        raise ContractError(
            f"other weights in {_some(_different(first, second))}",
            "the same after torch.manual_seed with the same seed",
            "Draw weights from torch's (or NumPy's, or random's) global generator",
        )


def check_other_seed(bench: ModelBench) -> None:
    """Another seed gives other weights."""
    if bench.digest == bench.other_digest:
        raise ContractError(
            "the same weights from two seeds",
            "others, for trials of several seeds measure what chance does",
            "Do not seed in the factory; name published weights as an Initialisation instead",
        )


def check_state_round_trip(bench: ModelBench) -> None:
    """Weights written as safetensors load strictly into a new network, which then computes the same."""
    from safetensors.torch import load, save

    _ = bench.steady_logits, bench.other_digest  # as built: the state of the other network is lost here
    if bench.shared:
        raise ContractError(
            f"{_some([*bench.shared])} in the same memory",
            "a state_dict of tensors that share no memory",
            "Register each tensor once; what is computed from a parameter need not be stored",
        )
    try:
        state = load(save({name: value.contiguous() for name, value in bench.network.state_dict().items()}))
        bench.other.load_state_dict(state, strict=True)
    except RAISED as error:
        raise ContractError(
            describe_error(error),
            "a state_dict of tensors that share no memory and load with strict=True",
            "Register all that the network must remember as parameters or buffers, each once",
        ) from error
    if not torch.equal(evaluate(bench.network, bench.images), evaluate(bench.other, bench.images)):
        raise ContractError(
            "other logits from the network that the state was loaded into",
            "the same",
            "Keep all that decides the output in parameters and buffers, not in plain attributes",
        )


def check_auxiliary_loss(bench: ModelBench) -> None:
    """What follows the logits is trained by the module's auxiliary_loss, which gives a finite scalar."""
    _ = bench.logits
    labels, instances = _truth(bench.side)
    try:
        loss_of = auxiliary_loss_of(bench.network, bench.extra)
        loss = loss_of(bench.network(bench.images), labels, instances, IGNORED) if loss_of else None
    except RAISED as error:
        raise ContractError(
            describe_error(error).removeprefix("TrialError: "),
            "a scalar",
            "Give the module a method auxiliary_loss(outputs, labels, instances)",
        ) from error
    if loss is not None and not bool(torch.isfinite(loss)):
        raise ContractError(f"a loss of {float(loss)}", "a finite number", "Look for divisions by 0")


def _truth(side: int) -> tuple[Tensor, Tensor]:
    """Make labels and numbers of objects (2, S, S): two that touch, a rim that does not count; and none."""
    labels, instances = torch.zeros(2, BATCH, side, side, dtype=torch.int64)
    third = side // 3
    labels[0, third : 2 * third] = 1
    instances[0, third : 2 * third, :third], instances[0, third : 2 * third, third:] = 1, 2
    labels[:, :2] = IGNORED
    return labels, instances


def _backward(network: nn.Module, images: Tensor) -> None:
    """Take a step's gradients of a loss in which every logit has its own weight."""
    weights = torch.randn(images.shape, generator=torch.Generator().manual_seed(1))
    network.train()
    try:
        network.zero_grad(set_to_none=True)
        outputs = network(images)
        logits = outputs.logits if isinstance(outputs, TrainingOutputs) else outputs
        loss: Tensor = (logits * weights).mean()
        if isinstance(outputs, TrainingOutputs):
            loss = loss + sum(weight * more.square().mean() for more, weight in outputs.auxiliary.values())
        loss.backward()  # type: ignore[no-untyped-call]
    except RAISED as error:
        raise ContractError(
            describe_error(error), "a training step", "Mend the network in training mode"
        ) from error
    finally:
        network.eval()


def _is_finite(gradient: Tensor | None) -> bool:
    return gradient is None or bool(torch.isfinite(gradient).all())


def _different(first: Digest, second: Digest) -> list[str]:
    return sorted(name for name in first.keys() | second.keys() if first.get(name) != second.get(name))


def _some(names: list[str]) -> str:
    """Give the first names of a list, and how many more there are."""
    shown = ", ".join(names[:3])
    return f"{shown} and {len(names) - 3} more" if len(names) > 3 else shown


CHECKS: tuple[Check, ...] = (
    check_same_seed,
    check_other_seed,
    check_state_round_trip,
    check_gradients,
)
