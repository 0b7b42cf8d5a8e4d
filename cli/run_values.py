"""What the options of ``emseg-bench run`` say, as an experiment has it."""

from __future__ import annotations

import shlex
from pathlib import Path

from ..benchmark.contracts.errors import UsageError
from ..benchmark.files.numbers import decimal
from ..benchmark.files.printable import brief

MOST_DIGITS = 10
"""Of a seed, of which there are 2**32, and of a number of images."""


def read_list(text: str | None) -> list[str] | None:
    """Read references, separated by commas that stand outside of brackets."""
    from ..benchmark.plugins.references import split_list

    return split_list(text) if text is not None else None


def read_datasets(text: str | None) -> list[str] | None:
    """Read references of datasets.

    Raises:
        UsageError: One is empty, or a comma cuts a path in two that is there.
    """
    from ..benchmark.plugins.dataset_lookup import split_datasets

    return split_datasets(text) if text is not None else None


def refuse_name(experiment: Path) -> None:
    """Say how a model, a dataset or an executor is asked for, where its name stands in the place of a file.

    Raises:
        UsageError: It does.
    """
    from ..benchmark.plugins.loading import installed_plugins
    from ..benchmark.plugins.references import split_list

    if experiment.exists() or experiment.suffix.lower() in (".yaml", ".yml"):
        return
    catalogue = installed_plugins().catalogue
    text = str(experiment)
    spelled = {name.casefold(): name for name in catalogue.models.offers}
    asked = split_list(text)
    names = [one.partition("@")[0].partition("[")[0] for one in asked]
    if all(name.casefold() in spelled for name in names):
        named = [
            spelled[name.casefold()] + one.removeprefix(name) for name, one in zip(names, asked, strict=True)
        ]
        command = shlex.join(["emseg-bench", "run", "--models", ",".join(named)])
        raise UsageError(f"{text} is no experiment file but the name of a model; write: {command}.")
    for option, registry in (("--datasets", catalogue.datasets), ("--executor", catalogue.executors)):
        if text.partition("[")[0] in registry.offers:
            raise UsageError(f"{text} is no experiment file; write {option} {text}.")


def read_seeds(text: str | None) -> int | list[int] | None:
    """Read ``3`` as a number of seeds, and ``3,7`` or ``3,`` as a list of them.

    Raises:
        UsageError: It is neither.
    """
    if text is None:
        return None
    parts = [part.strip() for part in text.removesuffix(",").split(",")]
    if text.strip().strip("0") == "" and "0" in text:
        raise UsageError(
            "got --seeds 0, which is no number of seeds. The seed 0 alone is --seeds 1, or --seeds 0, with a "
            "comma behind it, as for any one seed: --seeds 7,"
        )
    if not all(part.isascii() and part.isdecimal() and len(part) <= MOST_DIGITS for part in parts):
        raise UsageError(
            f"got --seeds {brief(text)}, expected a number of seeds such as 3, or a list such as 3,7."
        )
    return int(text) if "," not in text else [int(part) for part in parts]


def read_fractions(text: str | None) -> list[float] | None:
    """Read shares of the training cases.

    Raises:
        UsageError: One is no number.
    """
    if text is None:
        return None
    try:
        return [decimal(part) for part in text.split(",")]
    except ValueError:
        raise UsageError(
            f"got --label-fractions {brief(text)}, expected numbers such as 0.1,0.5,1."
        ) from None


def read_counts(text: str | None) -> list[int] | None:
    """Read numbers of training cases.

    Raises:
        UsageError: One is no whole number.
    """
    if text is None:
        return None
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isascii() and part.isdecimal() and len(part) <= MOST_DIGITS for part in parts):
        raise UsageError(
            f"got --label-counts {brief(text)}, expected whole numbers such as 1,3,10; shares of the labels "
            "are --label-fractions 0.1,0.5."
        )
    return [int(part) for part in parts]
