"""Names of rows: models of one name that are not the same get what tells them apart.

A row is a model as fingerprints know it.  Its label says what was asked for, so two rows may be labelled
alike (weights of one file name in two folders), and one row in two ways (an option written out or left at
its default).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import combinations
from pathlib import PurePath
from typing import TypeAlias

from ..contracts.records import ModelSpec
from ..files.hashing import model_sha256
from ..plugins.references import CONTEXT, TRAIN

Teller: TypeAlias = Callable[[Sequence[ModelSpec]], list[str]]
"""Gives a text for each of several models of one label; equal texts tell nothing."""

SHORT = 6
"""Digits of a hash that is written in a name, or as many as it takes."""


def row_names(models: Iterable[ModelSpec]) -> dict[str, str]:
    """Name rows, each in its own way.

    Args:
        models: Of all trials; those of one row in any number.

    Returns:
        A name for each `model_sha256`: the shortest label, and in brackets what tells it from others of
        that label.
    """
    rows: dict[str, dict[str, ModelSpec]] = {}
    for model in models:
        rows.setdefault(model_sha256(model), {}).setdefault(model.label, model)
    shortest = {row: min(found, key=lambda text: (len(text), text)) for row, found in rows.items()}
    groups: dict[str, list[str]] = {}
    for row, label in shortest.items():
        groups.setdefault(label, []).append(row)
    names: dict[str, str] = {}
    for label, members in groups.items():
        tails = _tails([rows[row][label] for row in members]) if len(members) > 1 else [""]
        names |= {row: f"{label}{tail}" for row, tail in zip(members, tails, strict=True)}
    return names


def _tails(models: Sequence[ModelSpec]) -> list[str]:
    """Give each of several rows of one label what no other has: as few facts as will do."""
    known = [texts for teller in TELLERS if any(texts := teller(models))]
    for count in range(1, len(known) + 1):
        for chosen in combinations(known, count):
            tails = [", ".join(filter(None, facts)) for facts in zip(*chosen, strict=True)]
            if len(set(tails)) == len(models):
                return [f" ({tail})" if tail else "" for tail in tails]
    hashes = shortened([model_sha256(model) for model in models])
    return [f" (model {text})" for text in hashes]


def _folders(models: Sequence[ModelSpec]) -> list[str]:
    """Name the folders of weight files, with as many of their parents as tell them apart."""
    folders = [PurePath(model.weights_path).parent.parts if model.weights_path else () for model in models]
    wanted = len(set(folders))
    for length in range(1, max(map(len, folders), default=0) + 1):
        ends = ["/".join(folder[-length:]) for folder in folders]
        if len(set(ends)) == wanted:
            break
    else:
        return [""] * len(models)
    return [f"folder {end}" if end else "" for end in ends] if wanted > 1 else [""] * len(models)


def _versions(models: Sequence[ModelSpec]) -> list[str]:
    return [f"{model.provider.distribution} {model.provider.version}" for model in models]


def _options(models: Sequence[ModelSpec]) -> list[str]:
    """Name the options that are not the same in all."""
    asked = [{**model.options, TRAIN: model.train, CONTEXT: model.context} for model in models]
    names = sorted({name for options in asked for name in options})
    unlike = [name for name in names if len({_value(options, name) for options in asked}) > 1]
    return [",".join(f"{name}={_value(options, name)}" for name in unlike) for options in asked]


def _value(options: Mapping[str, object], name: str) -> str:
    return str(options[name]) if name in options else "not there"


def _weights(models: Sequence[ModelSpec]) -> list[str]:
    short = shortened([model.weights_sha256 or "" for model in models])
    return [f"weights {text}" if text else "" for text in short]


def _code(models: Sequence[ModelSpec]) -> list[str]:
    return [f"code {text}" for text in shortened([model.provider.source_sha256 for model in models])]


def _studies(models: Sequence[ModelSpec]) -> list[str]:
    return [f"study {model.tuned.study}" if model.tuned else "" for model in models]


TELLERS: tuple[Teller, ...] = (_folders, _versions, _options, _weights, _studies, _code)
"""Those come first that say most to people."""


def shortened(hashes: Sequence[str]) -> list[str]:
    """Cut hashes as short as still tells them apart."""
    wanted = len(set(hashes))
    longest = max(map(len, hashes), default=0)
    length = next((n for n in range(SHORT, longest) if len({h[:n] for h in hashes}) == wanted), longest)
    return [text[:length] for text in hashes]
