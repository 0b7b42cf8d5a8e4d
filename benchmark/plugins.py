"""Finding and loading plugins: one that fails is reported and stops none of the others."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import TypeVar

import pluggy

from . import hookspecs
from .contracts import (
    Card,
    DatasetCard,
    ExecutorCard,
    MetricCard,
    ModelCard,
    PretrainingCard,
    ReportSectionCard,
    WeightsCard,
)
from .registry import Catalogue, Offer, Problem, Registry

C = TypeVar("C", bound=Card)

FORBIDDEN = frozenset(",@[]=:/\\ \t\n")
"""What a name may not hold, since references are written ``name[option=value]@init`` or ``name:place``."""

OWN = "emseg-bench"
"""Our own distribution."""

REMEDY_UPDATE = "Update or uninstall it; runs that do not ask for it go on"


class Plugins:
    """The loaded plugins: their catalogue, and the hooks that hear about trials."""

    def __init__(self) -> None:
        self._manager = pluggy.PluginManager(hookspecs.PROJECT)
        self._manager.add_hookspecs(hookspecs)
        self._origins: dict[str, tuple[str, str]] = {}
        self.catalogue = Catalogue()

    @property
    def hook(self) -> pluggy.HookRelay:
        """Pluggy's relay, for trial events."""
        return self._manager.hook

    def register(self, plugin: object, name: str, distribution: str, version: str) -> None:
        """Add a loaded plugin and take in its cards.

        Args:
            plugin: A module or object with hook implementations.
            name: Unique; the entry point's name with its distribution's.
            distribution: Who provides it.
            version: The distribution's version.
        """
        if fault := self._unknown_hooks(plugin):
            self._report(distribution, "registration", fault, REMEDY_UPDATE)
            return
        try:
            self._manager.register(plugin, name)
        except (pluggy.PluginValidationError, ValueError) as error:
            self._report(distribution, "registration", _one_line(error), REMEDY_UPDATE)
            return
        self._origins[name] = (distribution, version)
        catalogue = self.catalogue
        self._collect(name, "emseg_models", ModelCard, catalogue.models)
        self._collect(name, "emseg_datasets", DatasetCard, catalogue.datasets)
        self._collect(name, "emseg_metrics", MetricCard, catalogue.metrics)
        self._collect(name, "emseg_weights", WeightsCard, catalogue.weights)
        self._collect(name, "emseg_pretraining_methods", PretrainingCard, catalogue.pretraining)
        self._collect(name, "emseg_executors", ExecutorCard, catalogue.executors)
        self._collect(name, "emseg_report_sections", ReportSectionCard, catalogue.report_sections)

    def load(self, entry_point: EntryPoint, distribution: str, version: str) -> None:
        """Import the plugin behind an entry point and register it; report it if that fails."""
        try:
            plugin = entry_point.load()
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a stranger's code may raise anything
            what = f"importing {entry_point.value} failed with {type(error).__name__}: {_one_line(error)}"
            self._report(distribution, "import", what, f"Reinstall, update or uninstall {distribution}")
            return
        self.register(plugin, f"{distribution}:{entry_point.name}", distribution, version)

    def _unknown_hooks(self, plugin: object) -> str:
        known = {name for name in dir(hookspecs) if name.startswith("emseg_")}
        marked = {name for name in dir(plugin) if self._manager.parse_hookimpl_opts(plugin, name)}
        return f"there is no hook called {', '.join(sorted(marked - known))}" if marked - known else ""

    def _collect(self, plugin: str, hook: str, kind: type[C], registry: Registry[C]) -> None:
        """Call one plugin's hook and register the cards that it returns."""
        distribution, version = self._origins[plugin]
        source = _source(self._manager.get_plugin(plugin))
        for card in self._call(plugin, hook):
            if fault := _fault(card, kind):
                self._report(distribution, hook, fault, REMEDY_UPDATE)
            elif isinstance(card, kind) and (
                claims := registry.add(Offer(card, distribution, version, source))
            ):
                what = f"the {registry.kind} name {card.name!r} is already claimed by {claims[0]}"
                self._report(distribution, hook, what, "Uninstall one of the two to use that name")

    def _call(self, plugin: str, hook: str) -> Iterable[object]:
        distribution, _ = self._origins[plugin]
        caller: pluggy.HookCaller = getattr(self._manager.hook, hook)
        for implementation in caller.get_hookimpls():
            if implementation.plugin_name != plugin:
                continue
            try:
                cards = implementation.function()
            except (Exception, SystemExit) as error:  # noqa: BLE001 - a stranger's code may raise anything
                what = f"it raised {type(error).__name__}: {_one_line(error)}"
                self._report(distribution, hook, what, REMEDY_UPDATE)
                continue
            if isinstance(cards, Sequence) and not isinstance(cards, str):
                yield from cards
            else:
                what = f"it returned {type(cards).__name__}, expected a list of cards"
                self._report(distribution, hook, what, REMEDY_UPDATE)

    def _report(self, distribution: str, where: str, what: str, remedy: str) -> None:
        self.catalogue.problems.append(Problem(distribution, where, what, f"{remedy}."))


def load_plugins(found: Iterable[EntryPoint] | None = None) -> Plugins:
    """Load plugins, our own first.

    Args:
        found: Their entry points; None: those of everything that is installed.
    """
    plugins = Plugins()
    named = {
        (point.dist.name, point.name): (point, point.dist)
        for point in (entry_points(group=hookspecs.PROJECT) if found is None else found)
        if point.dist is not None
    }
    for _, (point, dist) in sorted(named.items(), key=lambda item: (item[0][0] != OWN, item[0])):
        plugins.load(point, dist.name, dist.version)
    return plugins


def _fault(card: object, kind: type[C]) -> str:
    """Say what is wrong with a card, or nothing."""
    if not isinstance(card, kind):
        return f"it returned a {type(card).__name__} where a {kind.__name__} was expected"
    if not isinstance(card.name, str) or not card.name or FORBIDDEN & set(card.name):
        return f"{kind.__name__} name {card.name!r} is empty or holds one of , @ [ ] = : / \\ or a space"
    what = "format" if isinstance(card, WeightsCard) else "factory"
    factory = getattr(card, what)
    if not callable(factory) and not (isinstance(factory, str) and factory.count(":") == 1):
        return f"{card.name}'s {what} is {factory!r}, expected a callable or 'module:attribute'"
    return ""


def _source(plugin: object) -> Path | None:
    """Find the package that a plugin lives in, or its file if it is a single one."""
    module = plugin if isinstance(plugin, ModuleType) else sys.modules.get(type(plugin).__module__)
    file = getattr(module, "__file__", None)
    if module is None or file is None:
        return None
    return Path(file).parent if module.__package__ else Path(file)


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split()) or "no message"
