"""From what was asked for on the command line, or in a test, to targets."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path

from ..benchmark.contracts.errors import UnknownNameError
from ..benchmark.contracts.hookspecs import PROJECT
from ..benchmark.plugins.kinds import BY_KEY, KINDS
from ..benchmark.plugins.loading import Plugins, load_plugins
from ..benchmark.plugins.plugin_survey import TRIAL_EVENTS
from ..benchmark.plugins.registry import Catalogue
from .source_tree import SourceTree, read_tree
from .targets import Target, card_target, events_target, plugin_target

FORM = "a package, a card such as unet or metric:iou, folder:PATH, a module, or a path such as ./my-plugin"


def find_targets(name: str) -> list[Target]:
    """Find what is to be checked; plugins are loaded, and a path's folders join the module path.

    Raises:
        UsageError: Nothing is called so, or a reference is wrong.
        PluginError: Two plugins claim the name.
    """
    if is_path(name):
        return tree_targets(read_tree(Path(name)))
    plugins = load_plugins()
    if points := installed(name):
        return _distribution_targets(points[0][0], [point for _, point in points], plugins.catalogue)
    return list(_card_targets(name, plugins.catalogue))


def is_path(name: str) -> bool:
    """Tell a path from a name: it has a separator or an ending, and no ``KIND:`` or ``NAME:`` before it."""
    return ":" not in name and (
        name in {".", ".."} or name.endswith(".py") or bool(re.search(r"[/\\]", name))
    )


def tree_targets(tree: SourceTree) -> list[Target]:
    """Find the targets of a package that is not installed, whatever version of it may be."""
    sys.path[:0] = [folder for folder in tree.folders if folder not in sys.path]
    own = _normal(tree.distribution)
    others = [p for p in entry_points(group=PROJECT) if p.dist is None or _normal(p.dist.name) != own]
    plugins = load_plugins(others)
    for point in tree.entry_points:
        plugins.load(point, tree.distribution, tree.version)
    return _distribution_targets(tree.distribution, tree.entry_points, plugins.catalogue)


def installed(name: str) -> list[tuple[str, EntryPoint]]:
    """Give an installed distribution's name and entry points; none if there is no such plugin."""
    points = [(point.dist.name, point) for point in entry_points(group=PROJECT) if point.dist is not None]
    return [(dist, point) for dist, point in points if _normal(dist) == _normal(name)]


def _distribution_targets(
    distribution: str, points: Sequence[EntryPoint], catalogue: Catalogue
) -> list[Target]:
    """Give the targets for a distribution's modules, its hooks that hear of trials, and all its cards."""
    problems = [problem for problem in catalogue.problems if problem.distribution == distribution]
    plugins = [plugin_target(module, problems) for module in dict.fromkeys(point.module for point in points)]
    alone = Plugins()
    for point in points:
        alone.load(point, distribution, "")
    hooks = {hook for loaded in alone.loaded for hook in loaded.hooks}
    events = [events_target(distribution, alone)] if hooks & {*TRIAL_EVENTS} else []
    cards = [
        card_target(kind.key, name, catalogue)
        for kind in KINDS
        for name, offer in sorted(catalogue.registry(kind).offers.items())
        if offer.distribution == distribution
    ]
    return [*plugins, *events, *cards]


def _card_targets(text: str, catalogue: Catalogue) -> Iterator[Target]:
    """Give the target for a reference, of every kind that knows its name unless it says which."""
    kind, colon, rest = text.partition(":")
    if colon and kind in BY_KEY:
        yield card_target(kind, rest, catalogue)
        return
    name = re.split(r"[\[:@]", text)[0]
    registries = {kind.key: catalogue.registry(kind) for kind in KINDS}
    kinds = [kind for kind, known in registries.items() if name in known.offers or name in known.disputed]
    for kind in kinds:
        yield card_target(kind, text, catalogue)
    if not kinds:
        yield from _module_targets(text, catalogue)


def _module_targets(name: str, catalogue: Catalogue) -> list[Target]:
    """Give the targets of a module with those of its distribution, or of the folder of a package."""
    points = [(point.dist, point) for point in entry_points(group=PROJECT) if point.module == name]
    for dist, _ in points:
        if dist is not None:
            return find_targets(dist.name)
    if name and (Path(name) / "pyproject.toml").is_file():
        return tree_targets(read_tree(Path(name)))
    if not _is_module(name):
        known = {name for kind in KINDS for name in catalogue.registry(kind).offers}
        raise UnknownNameError("plugin or card", name, known, f"Expected {FORM}.")
    point = EntryPoint(name, name, PROJECT)
    return tree_targets(SourceTree(distribution=name, version="0", entry_points=(point,), folders=()))


def _is_module(name: str) -> bool:
    """Tell whether the module path has a module's outermost package, without importing anything."""
    return name.replace(".", "").isidentifier() and find_spec(name.partition(".")[0]) is not None


def _normal(name: str) -> str:
    """Write a distribution's name as package indexes compare them (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()
