"""What the sources of a model's initial weights owe: a file or a sentence, and nothing loaded in silence."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save

from ..benchmark.contracts.cards import Initialisation
from ..benchmark.contracts.errors import EmsegError
from ..benchmark.plugins.lazy import resolve
from ..benchmark.plugins.strangers import RAISED, describe_error
from .findings import Check, ContractError, relying
from .model_bench import ModelBench
from .offline import offline

FROM_FILE = "file"
"""The initialisation that takes a path: ``model@file:PATH``."""


def check_initialisations(bench: ModelBench) -> None:
    """The weight sources that the card names can be imported and used."""
    for init in bench.card.initialisations:
        if init.source is None:
            continue
        source = resolve(init.source, bench.offer)
        if missing := [name for name in ("obtain", "load") if not callable(getattr(source, name, None))]:
            raise ContractError(
                f"no {' and no '.join(missing)} in the source of {init.name}",
                "obtain(options, location) and load(model, path)",
                "See WeightSource in emseg_bench.plugin",
            )


def check_obtain(bench: ModelBench) -> None:
    """Without a network, and of a path that there is not, a source gives a file or raises an `EmsegError`."""
    for init, source in _sources(bench):
        with tempfile.TemporaryDirectory() as folder, offline():
            nowhere = f"{folder}/nowhere.safetensors" if init.name == FROM_FILE else None
            expected = "a file, or a WeightsUnavailableError that says how to get one"
            try:
                found = source.obtain(bench.options, nowhere)
            except EmsegError:
                continue
            except RAISED as error:
                raise ContractError(
                    f"{describe_error(error)} from obtain of {init.name}", expected, "Raise that error"
                ) from error
            if not isinstance(found, Path) or not found.is_file():
                raise ContractError(f"{found!r} from obtain of {init.name}", expected, "Look for the file")


def check_load(bench: ModelBench) -> None:
    """A damaged file, and one of another network, are refused with an `EmsegError`, never loaded in part."""
    contents = {
        "a damaged file": b"no weights at all",
        "a file of another network": save({"contract.nothing": torch.zeros(3)}),
    }
    for init, source in _sources(bench):
        for what, content in contents.items():
            with tempfile.TemporaryDirectory() as folder:
                file = Path(folder) / "contract.safetensors"
                file.write_bytes(content)
                expected = f"a WeightsError for {what}"
                try:
                    said = source.load(bench.other, file)
                except EmsegError:
                    continue
                except RAISED as error:
                    raise ContractError(
                        f"{describe_error(error)} from load of {init.name}", expected, "Raise that error"
                    ) from error
                raise ContractError(
                    f"{said!r} from load of {init.name}", expected, "Compare names and shapes before loading"
                )


def _sources(bench: ModelBench) -> Iterator[tuple[Initialisation, Any]]:
    with relying("its sources cannot be used"):
        check_initialisations(bench)
    for init in bench.card.initialisations:
        if init.source is not None:
            yield init, resolve(init.source, bench.offer)


CHECKS: tuple[Check, ...] = (check_initialisations, check_obtain, check_load)
