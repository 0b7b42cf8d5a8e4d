"""A package to start a plugin from: real, tested, and small enough to be changed into another."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from keyword import iskeyword
from pathlib import Path
from shutil import rmtree
from string import Template

from ..contracts.errors import UsageError
from ..files.leftovers import unfinished_in
from .kinds import BY_KEY, PluginKind
from .registry import Catalogue

TEMPLATES = Path(__file__).parent / "templates"
SUFFIX = ".template"
PREFIX = "emseg-"
"""Of distributions' names, by custom; what they offer is called without it."""

PEP_503 = re.compile(r"[a-z0-9]([a-z0-9._-]*[a-z0-9])?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Start:
    """What a new plugin of one kind begins with."""

    kind: PluginKind
    implementation: str | None
    """Its module, beside ``plugin``; None: the card holds all of it."""
    requirements: tuple[str, ...]
    usage: str
    """A command that uses it; ``NAME`` stands for its name."""

    @property
    def summary(self) -> str:
        """``A model``, ``An executor``."""
        return f"A{'n' if self.kind.noun[0] in 'aeiou' else ''} {self.kind.noun}"


_TRY = "emseg-bench run --models"

STARTS: Mapping[str, Start] = {
    "model": Start(BY_KEY["model"], "network", ("annotated-types", "torch"), f"{_TRY} NAME,unet"),
    "dataset": Start(BY_KEY["dataset"], "data", ("annotated-types", "numpy"), f"{_TRY} unet --datasets NAME"),
    "metric": Start(BY_KEY["metric"], "metric", (), f'{_TRY} unet --set "protocol.metrics=[iou, NAME]"'),
    "weights": Start(
        BY_KEY["weights"], "format", ("torch",), "emseg-bench weights import my_weights.pt --as NAME"
    ),
    "pretraining": Start(
        BY_KEY["pretraining"],
        "method",
        ("annotated-types", "numpy", "torch"),
        "emseg-bench pretrain --method NAME --images my_images",
    ),
    "recipe": Start(BY_KEY["recipe"], None, (), f"{_TRY} unet --recipe NAME"),
    "loss": Start(
        BY_KEY["loss"], "loss", ("annotated-types", "torch"), f"{_TRY} unet --set recipe.loss=NAME"
    ),
    "schedule": Start(
        BY_KEY["schedule"],
        "schedule",
        ("annotated-types", "mmengine", "torch"),
        f"{_TRY} unet --set recipe.schedule=NAME",
    ),
    "optimiser": Start(
        BY_KEY["optimiser"], "optimiser", ("torch",), f"{_TRY} unet --set recipe.optimiser=NAME"
    ),
    "augmentation": Start(
        BY_KEY["augmentation"],
        "augmentation",
        ("annotated-types", "numpy"),
        f"{_TRY} unet --set recipe.augmentation=NAME",
    ),
    "protocol": Start(BY_KEY["protocol"], None, (), f"{_TRY} unet --protocol NAME"),
    "postprocessing": Start(
        BY_KEY["postprocessing"],
        "step",
        ("annotated-types", "numpy", "scipy"),
        f"{_TRY} unet --set protocol.postprocess=NAME",
    ),
    "decoder": Start(
        BY_KEY["decoder"],
        "decoder",
        ("annotated-types", "numpy", "scipy"),
        "emseg-bench predict images --model results:unet --decoder NAME --out maps",
    ),
    "executor": Start(BY_KEY["executor"], "executor", (), f"{_TRY} unet --executor NAME"),
    "report-section": Start(BY_KEY["section"], "section", (), f"{_TRY} unet"),
}


def write_plugin(name: str, kind: str, parent: Path, catalogue: Catalogue) -> Path:
    """Write a package for a new plugin into a folder of its own.

    Args:
        name: The distribution's.
        kind: One of `STARTS`.
        parent: Takes the folder.
        catalogue: Its names are taken.

    Returns:
        The folder.

    Raises:
        UsageError: The name is no name, or taken; or the folder exists.
    """
    distribution = _distribution(name)
    values = _values(distribution, STARTS[kind])
    _check_free(values, STARTS[kind], catalogue)
    folder = parent / distribution
    if folder.exists():
        raise UsageError(f"{folder} exists already; choose another name, or another place with --out.")
    try:
        _write(folder, dict(_files(kind, values)))
    except OSError as error:
        raise UsageError(
            f"cannot write {folder}: {error.strerror or error}; choose another place with --out."
        ) from error
    return folder


def _distribution(name: str) -> str:
    """Normalise a distribution's name as PEP 503 says."""
    normal = re.sub(r"[-_.]+", "-", name).lower()
    module = normal.replace("-", "_")
    if not PEP_503.fullmatch(name) or not module.isidentifier() or iskeyword(module):
        raise UsageError(
            f"got {name!r} as a name, expected letters, digits and - that begin with a letter, such as "
            f"{PREFIX}mine: it becomes a package's and a module's name."
        )
    return normal


def _values(distribution: str, start: Start) -> dict[str, str]:
    name, module = distribution.removeprefix(PREFIX), distribution.replace("-", "_")
    requirements = ("emseg-bench", *start.requirements)
    return {
        "distribution": distribution,
        "module": module,
        "name": name,
        "summary": start.summary,
        "implementation": _row(module, start),
        "requirements": ", ".join(f'"{requirement}"' for requirement in requirements),
        "usage": start.usage.replace("NAME", name),
    }


def _row(module: str, start: Start) -> str:
    """Write the line of the README about what the card names."""
    if start.implementation is None:
        return ""
    return f"| `src/{module}/{start.implementation}.py` | what the card names, imported when it is needed |\n"


def _check_free(values: Mapping[str, str], start: Start, catalogue: Catalogue) -> None:
    """Check that neither a module nor anything of this kind has the name already."""
    module, name = values["module"], values["name"]
    if find_spec(module):
        raise UsageError(f"there is a module called {module} already; choose another name: {PREFIX}{name}-2?")
    registry = catalogue.registry(start.kind)
    if name in registry.offers or name in registry.disputed:
        raise UsageError(f"the {registry.kind} name {name!r} is taken already; choose another name.")


def _write(folder: Path, files: Mapping[Path, str]) -> None:
    """Write files into a new folder: all of them, or none."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = unfinished_in(folder.parent)
    try:
        for path, text in files.items():
            (draft / path).parent.mkdir(parents=True, exist_ok=True)
            (draft / path).write_text(text, encoding="utf-8")
        draft.rename(folder)
    finally:
        rmtree(draft, ignore_errors=True)


def _files(kind: str, values: Mapping[str, str]) -> Iterator[tuple[Path, str]]:
    """Give the package's files, by their places in it."""
    for root in (TEMPLATES / "common", TEMPLATES / kind):
        for file in sorted(root.rglob(f"*{SUFFIX}")):
            place = str(file.relative_to(root)).removesuffix(SUFFIX).replace("MODULE", values["module"])
            yield Path(place), Template(file.read_text(encoding="utf-8")).substitute(values)
