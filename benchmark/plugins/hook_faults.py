"""What pluggy lets pass without a word: hooks that would never be called, and those that cannot be."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from types import ModuleType
from typing import Any

from ..contracts import hookspecs

HOOKS = frozenset(name for name in dir(hookspecs) if name.startswith("emseg_"))

Marks = Callable[[object, str], Mapping[str, Any] | None]
"""Gives a hook's marks: None where the attribute of that name is not marked as ours."""

_MARK = "write @hookimpl above it (from emseg_bench import hookimpl)"


@dataclass(frozen=True, slots=True)
class HookFault:
    """Why an attribute of a plugin is not called as a hook."""

    name: str
    what: str
    remedy: str


def hook_faults(plugin: object, marks: Marks) -> Iterator[HookFault]:
    """Find what looks like a hook, or is marked as one, and cannot be called as one.

    Args:
        plugin: A module or an object.
        marks: Of pluggy's manager.
    """
    for name in dir(plugin):
        marked = marks(plugin, name)
        if marked is not None:
            yield from _faults_of_marked(plugin, name, marked)
        elif name.startswith("emseg_"):
            yield from _faults_of_unmarked(plugin, name)


def _faults_of_marked(plugin: object, name: str, marked: Mapping[str, Any]) -> Iterator[HookFault]:
    if name not in HOOKS:
        yield HookFault(name, f"there is no hook of that name{_nearest(name)}", "Rename it or take it out")
    elif marked["wrapper"] or marked["hookwrapper"]:
        yield HookFault(name, "it is a wrapper, expected a plain function", "Take wrapper=True out")
    elif unknown := _unknown_arguments(getattr(plugin, name), name):
        takes = ", ".join(inspect.signature(getattr(hookspecs, name)).parameters) or "none"
        remedy = (
            f"Name an instance of the class {plugin.__name__} in the entry point"
            if isinstance(plugin, type)
            else "Correct its arguments; those that it does not need may be left out"
        )
        yield HookFault(name, f"it wants the arguments {', '.join(unknown)}, known are {takes}", remedy)


def _faults_of_unmarked(plugin: object, name: str) -> Iterator[HookFault]:
    found = getattr(plugin, name)
    if isinstance(found, ModuleType):
        return
    if name in HOOKS and not callable(found):
        what = f"it is a {type(found).__name__}, expected a function that is marked with @hookimpl"
        yield HookFault(name, what, f"Make it a function and {_MARK}")
    elif name in HOOKS:
        what = "it is not marked with @hookimpl as a function, so it is never called"
        yield HookFault(name, what, f"{_MARK[0].upper()}{_MARK[1:]}")
    elif callable(found) and _near(name):
        what = f"it is never called, for there is no hook of that name{_nearest(name)}"
        yield HookFault(name, what, f"Rename it and {_MARK}, or call it otherwise if it is no hook")


def _unknown_arguments(function: Callable[..., object], hook: str) -> list[str]:
    """List the arguments that a hook must be given, but will not be."""
    known = inspect.signature(getattr(hookspecs, hook)).parameters
    return [
        name
        for name, argument in inspect.signature(function).parameters.items()
        if argument.default is argument.empty
        and argument.kind not in {argument.VAR_POSITIONAL, argument.VAR_KEYWORD}
        and name not in known
    ]


def _near(name: str) -> list[str]:
    return get_close_matches(name, HOOKS, n=1, cutoff=0.8)


def _nearest(name: str) -> str:
    near = get_close_matches(name, sorted(HOOKS), n=1, cutoff=0.6)
    return f" (did you mean {near[0]}?)" if near else ""
