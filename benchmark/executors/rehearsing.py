"""What a rehearsal does in its own process: builds a network, loads its weights, and calls it once.

What the recipe names is made, too, as training makes it.

Nothing is trained.  The network is first called without numbers (on PyTorch's device ``meta``), which takes
neither time nor memory; what fails there is called again for real, for not every operation can do without.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from mmengine.optim import OptimWrapper
from torch import nn

from ..contracts.errors import EmsegError, PluginError, TrialError
from ..evaluation.placing import round_up
from ..experiments.methods import find_methods
from ..files.limits import told
from ..plugins.loading import load_plugins
from ..plugins.registry import Catalogue
from ..plugins.strangers import RAISED, describe_error
from ..training.auxiliary import auxiliary_loss_of
from ..training.freezing import freeze
from ..training.memory_layout import channels_last
from ..training.methods import build_optimiser, make_augmentation, make_loss, make_schedules
from ..training.regimes import Training
from ..trials.parts import build_network, seed_everything
from ..weights.reading import shorten
from .questions import Question

MOST_PIXELS = 2 * 1024**2
"""Of a batch that is tried for real."""
SIDES = (32, 48, 64, 96, 128, 160, 192, 224, 256, 320, 384, 448, 512)
"""Sides that are tried, px, where one fails."""
BATCHES = (2, 3, 4)
"""Batches that are tried where one fails."""


def find_fault(question: Question) -> str:
    """Say why a trial cannot be run as it is asked for; nothing if it can, or if only running it can tell.

    A model that is broken whatever it is given is no fault here: its trial fails, and the others go on.
    """
    try:
        return _find_fault(question)
    except (PluginError, TrialError):
        return ""
    except EmsegError as error:
        return str(error)
    except RAISED:  # the trial says it, with the traceback in its log
        return ""


def _find_fault(question: Question) -> str:
    seed_everything(question.spec.seed)
    catalogue, spec = load_plugins().catalogue, question.spec
    network = _build(question, catalogue)
    try:
        if spec.model.weights_path is not None:
            freeze(network, spec.recipe.freeze)
        regime = Training(network, spec.model)
    except TrialError as error:
        return str(error)
    _make_methods(question, network, catalogue)
    rows = min(spec.recipe.batch_size, max(BATCHES))
    if fault := _excess(network, question, rows):
        return fault
    if fault := _failure(network, question, rows, question.crop, train=True):
        return _training_fault(network, question, rows, fault)
    if idle := _idle(regime, network, (rows, question.channels, question.crop, question.crop)):
        return (
            f"{spec.model.label}: the network does not call {shorten(idle)}, but reads their weights by "
            "itself, or not at all, so adapters would do nothing there; say another way to train."
        )
    if question.window != question.crop and (
        fault := _failure(network, question, 1, question.window, train=False)
    ):
        return _window_fault(network, question, fault)
    return ""


def _build(question: Question, catalogue: Catalogue) -> nn.Module:
    network, _ = build_network(question.spec, catalogue, question.channels, question.num_logits)
    return channels_last(network)


def _make_methods(question: Question, network: nn.Module, catalogue: Catalogue) -> None:
    """Make what trains the network; the values of one may not fit those of another.

    Raises:
        EmsegError: They do not.
    """
    spec = question.spec
    methods, device = find_methods(spec.recipe, catalogue, spec.methods), torch.device("cpu")
    auxiliary_loss_of(network, len(spec.model.extra_outputs))
    make_loss(methods, spec.recipe, question.num_logits, None, device)
    make_augmentation(methods, spec.recipe, question.crop, None)
    make_schedules(methods, OptimWrapper(build_optimiser(methods, network, spec.recipe)), spec.recipe)


def _excess(network: nn.Module, question: Question, rows: int) -> str:
    """Say if what a single layer gives for a batch is more than the memory that there is."""
    spec = question.spec
    if question.memory is None:
        return ""
    largest = _largest_output(network.train(), (rows, question.channels, question.crop, question.crop))
    itemsize = 2 if spec.recipe.precision == "bf16" else 4
    asked = largest * spec.recipe.batch_size // rows * itemsize
    if asked <= question.memory:
        return ""
    batch, side = f"{spec.recipe.batch_size:,}", f"{question.crop:,}"
    return (
        f"a batch of {batch} x {side} x {side} px takes {told(asked)} in a single layer of "
        f"{spec.model.label}, and this machine has {told(question.memory)} of memory; lower "
        "recipe.batch_size or recipe.crop with --set."
    )


def _largest_output(network: nn.Module, shape: tuple[int, int, int, int]) -> int:
    """Return how many numbers the largest tensor has that a module gives; 0: the network cannot be asked."""
    largest = 0

    def look(_module: nn.Module, _inputs: object, output: object) -> None:
        nonlocal largest
        if isinstance(output, torch.Tensor):
            largest = max(largest, output.numel())

    watched = [module.register_forward_hook(look) for module in network.modules()]
    try:
        with torch.no_grad():
            _without_numbers(network, shape)
    except RAISED:
        return 0
    finally:
        for watch in watched:
            watch.remove()
    return largest


def _failure(network: nn.Module, question: Question, rows: int, side: int, *, train: bool) -> str:
    """Call the network on `rows` images of `side` px; say what it raised, or nothing."""
    shape = (rows, question.channels, side, side)
    network.train(train)
    with torch.no_grad():
        try:
            _without_numbers(network, shape)
        except RAISED:
            pass
        else:
            return ""
        if rows * side * side > MOST_PIXELS:
            return ""
        try:
            network(torch.zeros(shape).contiguous(memory_format=torch.channels_last))
        except RAISED as error:
            return describe_error(error)
    return ""


def _idle(regime: Training, network: nn.Module, shape: tuple[int, int, int, int]) -> list[str]:
    """Name layers whose adapters would do nothing; none where only training can tell."""
    with torch.no_grad():
        try:
            return regime.idle_in(lambda: _without_numbers(network, shape))
        except RAISED:
            return []


def _without_numbers(network: nn.Module, shape: tuple[int, int, int, int]) -> None:
    """Call a network as if all its tensors, and the images, were without numbers."""
    tensors = {**dict(network.named_parameters()), **dict(network.named_buffers())}
    hollow = {name: tensor.to("meta") for name, tensor in tensors.items()}
    images = torch.empty(shape, device="meta").contiguous(memory_format=torch.channels_last)
    torch.func.functional_call(network, hollow, (images,))


def _training_fault(network: nn.Module, question: Question, rows: int, why: str) -> str:
    """Say what would do instead; nothing if nothing does, for then the model itself is broken."""
    spec, side = question.spec, question.crop
    batches = (more for more in BATCHES if more > rows)
    batch = next((more for more in batches if not _failure(network, question, more, side, train=True)), None)
    crop = _side_that_works(network, question, rows, side, train=True)
    remedies = [
        *([f"the smallest batch that works is {batch}: --set recipe.batch_size={batch}"] if batch else []),
        *([f"a crop that works is {crop} px: --set recipe.crop={crop}"] if crop else []),
    ]
    if not remedies:
        return ""
    return (
        f"{spec.model.label} cannot be trained with a batch of {spec.recipe.batch_size} crops of {side} px "
        f"({why}); {', or '.join(remedies)}."
    )


def _window_fault(network: nn.Module, question: Question, why: str) -> str:
    window = _side_that_works(network, question, 1, question.window, train=False)
    if window is None:
        return ""
    return (
        f"{question.spec.model.label} cannot segment windows of {question.window} px ({why}); a window that "
        f"works is {window} px: --set protocol.window={window}."
    )


def _side_that_works(
    network: nn.Module, question: Question, rows: int, side: int, *, train: bool
) -> int | None:
    """Find the smallest larger side that is tried and works, or else the largest smaller one."""
    return next(
        (one for one in _sides(question, side) if not _failure(network, question, rows, one, train=train)),
        None,
    )


def _sides(question: Question, side: int) -> Iterator[int]:
    tried = list(dict.fromkeys(round_up(one, question.spec.model.size_divisor) for one in SIDES))
    yield from (one for one in tried if one > side)
    yield from (one for one in reversed(tried) if one < side)
