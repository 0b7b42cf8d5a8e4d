"""Momentum contrast, version 2 (He et al. 2020, arXiv:1911.05722; Chen et al. 2020, arXiv:2003.04297).

A query is to be told apart from many keys of other images by its likeness to the key of its own.  Keys come
from an encoder that follows the trained one slowly, and stay in a queue for a while.

Batch normalisation would betray which key belongs to which query, for both would be normalised with the same
images.  With several processes the keys' images are therefore dealt anew among them before they are encoded,
as published.  With one process there is nobody to deal them to: queries and keys are normalised over the same
batch, and the task is somewhat easier than it should be.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from typing import cast

import torch
from torch import Tensor, distributed, nn
from torch.nn.functional import cross_entropy, normalize

from ..benchmark.contracts.data import Normalisation
from ..benchmark.images.normalise import to_input
from .options import MoCoOptions


class Branch(nn.Module):
    """An encoder with its head: the average of the deepest feature map, then two layers.

    Args:
        encoder: Maps (N, 1, H, W) to a feature map, or to several, the deepest last.
        width: Channels of that map.
        features: Length of a key.
    """

    def __init__(self, encoder: nn.Module, width: int, features: int) -> None:
        super().__init__()
        self.encoder = encoder
        self.head = nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, features))

    def forward(self, images: Tensor) -> Tensor:
        """Map (N, 1, H, W) to (N, features) of length 1, float32."""
        deepest = deepest_map(self.encoder, images)
        return normalize(self.head(deepest.mean(dim=(2, 3))).float(), dim=1)


class MomentumContrast(nn.Module):
    """Query branch, key branch and queue, with their loss.

    Args:
        branch: The query branch; the key branch begins as its copy.
        options: Sizes, temperature and momentum.
        normalisation: Of the images.
    """

    def __init__(self, branch: Branch, options: MoCoOptions, normalisation: Normalisation) -> None:
        super().__init__()
        self.query, self.key = branch, deepcopy(branch).requires_grad_(False)
        self._options, self._normalisation = options, normalisation
        self.register_buffer("queue", normalize(torch.randn(options.queue, options.features), dim=1))
        self.register_buffer("position", torch.zeros((), dtype=torch.int64))
        self._fresh: list[Tensor] = []

    def forward(self, queries: Tensor, keys: Tensor) -> Tensor:
        """Return the loss of a batch, a scalar (InfoNCE: van den Oord et al. 2018, arXiv:1807.03748).

        Args:
            queries: (N, 1, H, W) uint8, one view of each image.
            keys: (N, 1, H, W) uint8, the other.
        """
        query = self.query(self._prepare(queries))
        with torch.no_grad():
            key = encode_dealt(self.key, self._prepare(keys))
        self._fresh.append(key)
        return info_nce(query, key, cast(Tensor, self.queue), self._options.temperature)

    @torch.no_grad()
    def advance(self) -> None:
        """After an optimiser step: move the key branch a little, and put the step's keys into the queue."""
        for slow, fast in zip(self.key.parameters(), self.query.parameters(), strict=True):
            slow.mul_(self._options.momentum).add_(fast, alpha=1 - self._options.momentum)
        keys = gather(torch.cat(self._fresh))[-self._options.queue :]
        self._fresh.clear()
        queue, position = cast(Tensor, self.queue), cast(Tensor, self.position)
        places = (position + torch.arange(len(keys), device=keys.device)) % len(queue)
        queue[places] = keys
        position.add_(len(keys)).remainder_(len(queue))

    def _prepare(self, images: Tensor) -> Tensor:
        images = to_input(images, self._normalisation.mean, self._normalisation.std)
        return images.contiguous(memory_format=torch.channels_last)


def deepest_map(encoder: nn.Module, images: Tensor) -> Tensor:
    """Return the encoder's deepest feature map (N, C, h, w)."""
    maps = encoder(images)
    deepest: Tensor = maps[-1] if isinstance(maps, Sequence) else maps
    return deepest


def info_nce(query: Tensor, key: Tensor, queue: Tensor, temperature: float) -> Tensor:
    """Return the mean cross-entropy of finding each query's own key among the queue's.

    Args:
        query: (N, D), rows of length 1.
        key: (N, D), row i belongs to query i.
        queue: (K, D), keys of other images.
        temperature: Divides the scalar products.
    """
    own = (query * key).sum(dim=1, keepdim=True)
    logits = torch.cat([own, query @ queue.detach().clone().T], dim=1) / temperature
    return cross_entropy(logits, torch.zeros(len(query), dtype=torch.int64, device=query.device))


def gather(values: Tensor) -> Tensor:
    """Give the rows of all processes, in their order."""
    if not distributed.is_initialized():
        return values
    parts = [torch.empty_like(values) for _ in range(distributed.get_world_size())]
    distributed.all_gather(parts, values.contiguous())
    return torch.cat(parts)


def encode_dealt(branch: nn.Module, images: Tensor) -> Tensor:
    """Encode images that are dealt anew among the processes; give back the keys of this process's own."""
    if not distributed.is_initialized():
        return cast(Tensor, branch(images))
    everything = gather(images)
    order = torch.randperm(len(everything), device=images.device)
    distributed.broadcast(order, 0)
    share = slice(distributed.get_rank() * len(images), (distributed.get_rank() + 1) * len(images))
    keys = gather(branch(everything[order[share]]))
    return keys[order.argsort()[share]]
