"""Jinja2 templates of this folder; everything that goes in is escaped, also what would turn a line around."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from ..benchmark.files.printable import printable


def render(template: str, values: Mapping[str, object]) -> Markup:
    """Fill in a template; the result is markup, so that other templates do not escape it again."""
    return Markup(_environment().get_template(template).render(values))  # noqa: S704 - autoescaped


@cache
def _environment() -> Environment:
    """Return the one environment; names that a template expects and does not get are errors."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        finalize=_shown,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["breakable"] = _breakable
    return environment


def _shown(value: object) -> object:
    """Write control characters and marks of text direction in a text as escapes; markup has none any more."""
    return printable(value, lines=True) if type(value) is str else value


def _breakable(label: str) -> Markup:
    """Let a line end before the initialisation in ``model@init``."""
    return escape(_shown(label)).replace("@", Markup("<wbr>@"))
