"""Finding and loading plugins: one that fails is reported and stops none of the others."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from functools import cache
from importlib.metadata import Distribution, EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import pluggy

from ..contracts import hookspecs
from ..contracts.card_types import UnknownFields
from .card_faults import card_fault
from .hook_faults import hook_faults
from .interfaces import interface_misfits, requirement_misfits, unknown_fields
from .kinds import KINDS, PluginKind
from .registry import OWN, Catalogue, Offer, Problem, claimants
from .strangers import RAISED, describe_error, one_line

if TYPE_CHECKING:
    from ..contracts.records import Record, TrialSpec
    from ..contracts.running import Event

REMEDY_FIELD = "Update emseg-bench if the field is newer, or else correct the card; other cards count"
REMEDY_UPDATE = "Update or uninstall it; runs that do not ask for it go on"


@dataclass(frozen=True, slots=True)
class Loaded:
    """A distribution's entry point that was loaded, or that could not be."""

    distribution: str
    version: str
    import_seconds: float
    hooks: tuple[str, ...]
    """What it implements; nothing if it could not be loaded."""


class _Manager(pluggy.PluginManager):
    """Registers what is sound of a plugin, and leaves out hooks that it is told to."""

    left_out: frozenset[str] = frozenset()

    def parse_hookimpl_opts(self, plugin: object, name: str) -> pluggy.HookimplOpts | None:
        """Give a hook's marks; None for one that is left out, as for what is no hook."""
        return None if name in self.left_out else super().parse_hookimpl_opts(plugin, name)


class Plugins:
    """The loaded plugins: their catalogue, and the hooks that hear about trials."""

    def __init__(self) -> None:
        self._manager = _Manager(hookspecs.PROJECT)
        self._manager.add_hookspecs(hookspecs)
        self._origins: dict[str, tuple[str, str]] = {}
        self.catalogue = Catalogue()
        self.loaded: list[Loaded] = []

    def trial_started(self, fingerprint: str, trial: TrialSpec) -> list[Problem]:
        """Tell the plugins that a trial has begun; return what went wrong in them."""
        return self._tell("emseg_trial_started", {"fingerprint": fingerprint, "trial": trial})

    def trial_event(self, event: Event) -> list[Problem]:
        """Tell the plugins what is new of a trial; return what went wrong in them."""
        return self._tell("emseg_trial_event", {"event": event})

    def trial_finished(self, record: Record, folder: Path) -> list[Problem]:
        """Tell the plugins that a record has been written in a folder; return what went wrong in them."""
        return self._tell("emseg_trial_finished", {"record": record, "folder": folder})

    def register(self, plugin: object, name: str, distribution: str, version: str) -> None:
        """Add a loaded plugin and take in its cards.

        Args:
            plugin: A module or object with hook implementations.
            name: Unique; the entry point's name with its distribution's.
            distribution: Who provides it.
            version: The distribution's version.
        """
        try:
            self._register(plugin, name, distribution)
        except RAISED as error:
            self._manager.unregister(name=name)
            self._report(distribution, "registration", one_line(error), REMEDY_UPDATE)
            return
        self._origins[name] = (distribution, version)
        for misfit in interface_misfits(plugin, distribution):
            self._report(distribution, "interface", misfit.what, misfit.remedy)
        for kind in KINDS:
            self._collect(name, kind)

    def check_requirements(self, dist: Distribution) -> None:
        """Report a distribution that asks for another version of emseg-bench; pip may have been overruled."""
        for misfit in requirement_misfits(dist):
            self._report(_origin(dist)[0], "requirement", misfit.what, misfit.remedy)

    def load(self, entry_point: EntryPoint, distribution: str, version: str) -> None:
        """Import the plugin behind an entry point and register it; report it if that fails."""
        name, start = f"{distribution}:{entry_point.name}", time.perf_counter()
        try:
            plugin = entry_point.load()
        except RAISED as error:
            seconds = time.perf_counter() - start
            what = f"importing {entry_point.value} failed with {describe_error(error)}"
            self._report(distribution, "import", what, f"Reinstall, update or uninstall {distribution}")
        else:
            seconds = time.perf_counter() - start
            self.register(plugin, name, distribution, version)
        self.loaded.append(Loaded(distribution, version, seconds, self._hooks(name)))

    def _register(self, plugin: object, name: str, distribution: str) -> None:
        """Register a plugin's sound hooks; those that would not be called, or cannot be, are reported."""
        faults = tuple(hook_faults(plugin, self._manager.parse_hookimpl_opts))
        for fault in faults:
            self._report(distribution, fault.name, fault.what, fault.remedy)
        self._manager.left_out = frozenset(fault.name for fault in faults)
        try:
            self._manager.register(plugin, name)
        finally:
            self._manager.left_out = frozenset()
        if not faults and not self._hooks(name):
            what = "it implements no hook, so nothing comes of it"
            remedy = "Name a module or an object with functions that are marked with @hookimpl"
            self._report(distribution, "registration", what, remedy)

    def _hooks(self, name: str) -> tuple[str, ...]:
        callers = self._manager.get_hookcallers(self._manager.get_plugin(name)) or []
        return tuple(sorted(caller.name for caller in callers))

    def _collect(self, plugin: str, kind: PluginKind) -> None:
        """Call one plugin's hook and register the cards that it returns."""
        distribution, version = self._origins[plugin]
        source = _source(self._manager.get_plugin(plugin))
        registry, card_type = self.catalogue.registry(kind), kind.card_type
        for card in self._call(plugin, kind.hook):
            if isinstance(card, UnknownFields):
                self._report(distribution, kind.hook, unknown_fields(card), REMEDY_FIELD)
            elif fault := card_fault(card, card_type):
                self._report(distribution, kind.hook, fault, REMEDY_UPDATE)
            elif isinstance(card, card_type) and (
                claims := registry.add(Offer(card, distribution, version, source))
            ):
                self._report(distribution, kind.hook, *_claimed(kind.noun, card.name, distribution, claims))

    def _call(self, plugin: str, hook: str) -> Iterable[object]:
        distribution, _ = self._origins[plugin]
        for implementation in self._implementations(hook):
            if implementation.plugin_name != plugin:
                continue
            try:
                cards = implementation.function()
            except RAISED as error:
                self._report(distribution, hook, f"it raised {describe_error(error)}", REMEDY_UPDATE)
                continue
            if isinstance(cards, Sequence) and not isinstance(cards, str):
                yield from cards
            else:
                what = f"it returned {type(cards).__name__}, expected a list of cards"
                self._report(distribution, hook, what, REMEDY_UPDATE)

    def _tell(self, hook: str, arguments: Mapping[str, object]) -> list[Problem]:
        problems = []
        for implementation in self._implementations(hook):
            try:
                implementation.function(*(arguments[name] for name in implementation.argnames))
            except RAISED as error:
                distribution, _ = self._origins[implementation.plugin_name]
                what = f"it raised {describe_error(error)}"
                problems.append(Problem(distribution, hook, what, "The trial is not concerned."))
        return problems

    def _implementations(self, hook: str) -> Sequence[pluggy.HookImpl]:
        caller: pluggy.HookCaller = getattr(self._manager.hook, hook)
        return caller.get_hookimpls()

    def _report(self, distribution: str, where: str, what: str, remedy: str) -> None:
        self.catalogue.problems.append(Problem(distribution, where, what, f"{remedy}."))


def load_plugins(found: Iterable[EntryPoint] | None = None) -> Plugins:
    """Load plugins, our own first; what they print goes to standard error.

    Args:
        found: Their entry points; None: those of everything that is installed.
    """
    plugins = Plugins()
    named = {
        (_origin(point.dist)[0], point.name): (point, point.dist)
        for point in (entry_points(group=hookspecs.PROJECT) if found is None else found)
        if point.dist is not None
    }
    with redirect_stdout(sys.stderr):
        for _, (point, dist) in sorted(named.items(), key=lambda item: (item[0][0] != OWN, item[0])):
            plugins.load(point, *_origin(dist))
        for dist in {_origin(dist)[0]: dist for _, dist in named.values()}.values():
            plugins.check_requirements(dist)
    return plugins


@cache
def installed_plugins() -> Plugins:
    """Load everything that is installed, once in a process."""
    return load_plugins()


@cache
def _origin(dist: Distribution) -> tuple[str, str]:
    """Give a distribution's name and version; each reading of its metadata takes a ms or two.

    What an interrupted uninstallation left behind may have no metadata but its folder's name.
    """
    try:
        metadata = dist.metadata
        found = {key: metadata[key] for key in ("Name", "Version") if key in metadata}
    except FileNotFoundError:  # what the importlib-metadata package says, once somebody has imported it
        found = {}
    name, _, version = Path(str(getattr(dist, "_path", "unknown"))).stem.partition("-")
    return found.get("Name", name), found.get("Version", version)


def _claimed(kind: str, name: str, distribution: str, claims: Sequence[str]) -> tuple[str, str]:
    """Say that a name was claimed before, and what to do about it."""
    if {*claims} == {distribution}:
        return f"it registers the {kind} name {name!r} twice", "Its author must give each a name of its own"
    what = f"the {kind} name {name!r} is already claimed by {claimants(claims)}"
    if claims[0] == OWN:
        return what, f"{OWN} keeps it; ask the author for another name"
    return what, "Uninstall one of the two to use that name"


def _source(plugin: object) -> Path | None:
    """Find the package that a plugin lives in, or its file if it is a single one."""
    module = plugin if isinstance(plugin, ModuleType) else sys.modules.get(type(plugin).__module__)
    file = getattr(module, "__file__", None)
    if module is None or file is None:
        return None
    return Path(file).parent if module.__package__ else Path(file)
