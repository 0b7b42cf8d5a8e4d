"""A model under test: its networks are built once and shared by the checks."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn

from ..benchmark.contracts.basics import OptionValue
from ..benchmark.evaluation.inference import inference
from ..benchmark.plugins.by_options import extra_outputs, size_divisor
from ..benchmark.plugins.registry import Offer
from ..benchmark.plugins.strangers import RAISED
from ..benchmark.training.memory_layout import channels_last
from ..benchmark.trials.parts import seed_everything
from .captured import captured
from .card_checks import CardBench
from .findings import BlockedError
from .offline import offline

SIDE = 64
"""px; rounded up to a multiple of the model's divisor."""

BATCH = 2

Digest = Mapping[str, int]
"""A checksum of each tensor of a state."""


class ModelBench(CardBench):
    """A model's card, its options, and networks made from it.

    Args:
        offer: The card and where it comes from.
        options: Complete.
    """

    def __init__(self, offer: Offer[Any], options: Mapping[str, OptionValue]) -> None:
        super().__init__(offer, options)
        self.printed = ""
        """What the factory printed while it made `built`."""
        self.attempts: tuple[str, ...] = ()
        """What it wanted of the network then."""
        self.shared: tuple[str, ...] = ()
        """Tensors of its state that lay in the same memory, before they were laid out."""

    @property
    def divisor(self) -> int:
        """Of both sides of its input, px."""
        return size_divisor(self.offer, self.options)

    @property
    def extra(self) -> int:
        """How many outputs follow its logits."""
        return len(extra_outputs(self.offer, self.options))

    @property
    def channels(self) -> int:
        """Of test images: one, and one for each neighbouring slice that it sees."""
        return 2 * int(self.card.context) + 1

    @property
    def side(self) -> int:
        """Of test images, px."""
        return -(-SIDE // self.divisor) * self.divisor

    def build(self, channels: int, outputs: int, seed: int) -> Any:
        """Call the factory and lay the weights out, as a trial does."""
        built = self._make(channels, outputs, seed)
        return channels_last(built) if isinstance(built, nn.Module) else built

    def _make(self, channels: int, outputs: int, seed: int) -> Any:
        factory = self.factory()
        seed_everything(seed)
        return factory(channels, outputs, **self.options)

    @cached_property
    def built(self) -> Any:
        """What the factory makes for one channel and one output; without a network connection."""
        with captured() as heard, offline() as attempts:
            built = self._make(self.channels, 1, 0)
        self.printed, self.attempts = heard.text.strip(), tuple(attempts)
        if not isinstance(built, nn.Module):
            return built
        self.shared = _sharing_memory(built)
        return channels_last(built)

    @property
    def network(self) -> nn.Module:
        """The network for one channel and one output.

        Raises:
            BlockedError: It cannot be built; `check_builds` says why.
        """
        return _module(lambda: self.built)

    @cached_property
    def digest(self) -> Digest:
        """Of `network` as built."""
        return digest(self.network)

    @cached_property
    def other(self) -> nn.Module:
        """As `network`, of another seed."""
        return _module(lambda: self.build(self.channels, 1, 1))

    @cached_property
    def other_digest(self) -> Digest:
        """Of `other` as built."""
        return digest(self.other)

    @cached_property
    def images(self) -> Tensor:
        """Images (2, C, S, S), C being 1 unless it sees neighbouring slices."""
        return make_images(BATCH, self.channels, self.side)

    @cached_property
    def output(self) -> Any:
        """Whatever `network` makes of `images` in evaluation mode."""
        return evaluate(self.network, self.images)

    @property
    def logits(self) -> Tensor:
        """The output, which is finite and (2, 1, S, S), or (2, 1 + E, S, S).

        Raises:
            BlockedError: It is not; `check_output_shape` and `check_finite` say why.
        """
        try:
            logits = self.output
        except RAISED as error:
            raise BlockedError("it cannot be evaluated") from error
        expected = (BATCH, 1 + self.extra, self.side, self.side)
        if not isinstance(logits, Tensor) or (tuple(logits.shape), logits.dtype) != (
            expected,
            torch.float32,
        ):
            raise BlockedError("its output has the wrong shape or type")
        if not bool(torch.isfinite(logits).all()):
            raise BlockedError("its output is not finite")
        return logits

    @cached_property
    def is_deterministic(self) -> bool:
        """Whether `network` gives the same logits again."""
        return torch.equal(self.logits, evaluate(self.network, self.images))

    @property
    def steady_logits(self) -> Tensor:
        """The logits, which are the same every time.

        Raises:
            BlockedError: They are not; `check_evaluation_deterministic` and others say why.
        """
        if not self.is_deterministic:
            raise BlockedError("its output is not deterministic")
        return self.logits


def _module(build: Callable[[], Any]) -> nn.Module:
    try:
        network = build()
    except RAISED as error:
        raise BlockedError("it cannot be built") from error
    if not isinstance(network, nn.Module):
        raise BlockedError("its factory returns no module")
    return network


def _sharing_memory(network: nn.Module) -> tuple[str, ...]:
    """Name the tensors of a network's state that lie in the same memory as another one."""
    places: dict[int, list[str]] = {}
    for name, tensor in network.state_dict().items():
        if tensor.numel():
            places.setdefault(tensor.untyped_storage().data_ptr(), []).append(name)
    return tuple(name for names in places.values() if len(names) > 1 for name in names)


def make_images(count: int, channels: int, side: int) -> Tensor:
    """Make images (N, C, S, S) like normalised micrographs: structures and noise, mean 0, deviation 1.

    They are laid out channels last, as a trial's are.
    """
    generator = torch.Generator().manual_seed(0)
    coarse = torch.randn(count, channels, 8, 8, generator=generator)
    smooth = nn.functional.interpolate(coarse, (side, side), mode="bilinear", align_corners=False)
    images = smooth + 0.5 * torch.randn(count, channels, side, side, generator=generator)
    return ((images - images.mean()) / images.std()).contiguous(memory_format=torch.channels_last)


def evaluate(network: nn.Module, images: Tensor) -> Any:
    """Call a network on (N, C, H, W) in evaluation mode, in float32, as inference does."""
    with inference(network, "cpu", "fp32"):
        return network(images)


def digest(network: nn.Module) -> Digest:
    """Give a checksum of each tensor that a network's state holds."""
    return {name: _checksum(tensor) for name, tensor in network.state_dict().items()}


def _checksum(tensor: Tensor) -> int:
    numbers = tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy()
    return zlib.adler32(numbers.data)
