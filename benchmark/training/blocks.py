"""The blocks of a backbone: residual blocks, transformer blocks, levels.

They are the items of lists of modules (``ModuleList``, ``Sequential``, ``ModuleDict``) that are made of
several layers.  An item that is itself, or holds, lists of such items, with at least half of its
parameters, is a stage: its blocks count in its place, and items beside stages, such as what cuts an image
into patches, do not count.  Items of an inner ``Sequential`` that are a ``Sequential`` themselves, as a
convolution with its normalisation, make no stage.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from torch import nn

LISTS = (nn.ModuleList, nn.Sequential, nn.ModuleDict)


def blocks_of(network: nn.Module, prefixes: Sequence[str]) -> dict[str, nn.Module]:
    """Find the blocks of a backbone, in the order in which the network has registered them.

    Args:
        network: Whole.
        prefixes: Beginnings of the names of the backbone's parameters.

    Returns:
        Each block by its name in the network.
    """
    lists = [
        (name, module)
        for name, module in network.named_modules()
        if isinstance(module, LISTS) and f"{name}.".startswith(tuple(prefixes))
    ]
    outer = [
        (name, module)
        for name, module in lists
        if not any(name.startswith(f"{other}.") for other, _ in lists)
    ]
    return dict(block for name, module in outer for block in _blocks(name, module))


def _blocks(name: str, items: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    composite = {f"{name}.{key}": item for key, item in items.named_children() if _is_composite(item)}
    stages = {place: item for place, item in composite.items() if _is_stage(item)}
    if not stages:
        yield from composite.items()
    for place, stage in stages.items():
        for inner, found in _lists(place, stage):
            yield from _blocks(inner, found)


def _lists(name: str, module: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """Give the outermost lists of a module, itself if it is one."""
    if isinstance(module, LISTS):
        yield name, module
        return
    for key, child in module.named_children():
        yield from _lists(f"{name}.{key}", child)


def _is_composite(module: nn.Module) -> bool:
    """Tell whether a module has parameters, and is made of others."""
    return any(True for _ in module.children()) and any(True for _ in module.parameters())


def _is_stage(module: nn.Module) -> bool:
    return 2 * sum(_size(block) for _, found in _lists("", module) for block in _parts(found)) >= _size(
        module
    )


def _parts(items: nn.Module) -> Iterator[nn.Module]:
    """Give what of a list, or of lists within it, is a block of its own class."""
    for item in items.children():
        if isinstance(item, nn.Sequential | nn.ModuleList):
            yield from _parts(item) if type(item) in LISTS else ()
        elif _is_composite(item):
            yield item


def _size(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())
