"""Jinja2 templates of this folder; everything that goes in is escaped."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup


def render(template: str, values: Mapping[str, object]) -> Markup:
    """Fill in a template; the result is markup, so that other templates do not escape it again."""
    return Markup(_environment().get_template(template).render(values))  # noqa: S704 - autoescaped


@cache
def _environment() -> Environment:
    """Return the one environment; names that a template expects and does not get are errors."""
    return Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
