"""A draft of a ``dataset.yaml``, and its lines."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ...benchmark.plugins.references import escaped
from ..collection.labels import hold_one_each

PLAIN = re.compile(r"[A-Za-z_./][A-Za-z0-9_./-]*")
"""What YAML takes for a word without quotes, if it is none of `RESERVED`."""
IGNORED = 255
"""What many programs write for pixels that nothing is known of."""
RESERVED = frozenset({"yes", "no", "on", "off", "true", "false", "null", "y", "n", "."})


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What was found."""

    place: Path
    """Where the ``dataset.yaml`` belongs."""
    kind: Literal["folder", "volume"]
    root: Path
    """Where the data lies."""
    lines: tuple[str, ...]
    """Of the file."""
    decided: tuple[str, ...]
    """Sentences for people."""
    to_check: tuple[str, ...]
    """What cannot be seen, or may be otherwise."""

    @property
    def reference(self) -> str:
        """How the dataset is called in commands: ``folder:/data/cells``."""
        return f"{self.kind}:{escaped(str(self.root))}"

    @property
    def text(self) -> str:
        """The file's content."""
        return "\n".join(self.lines) + "\n"


def word(text: str) -> str:
    """Write a string as YAML reads it."""
    return text if PLAIN.fullmatch(text) and text.lower() not in RESERVED else json.dumps(text)


def flow(mapping: Mapping[str, str | int | None]) -> str:
    """Write ``{image: a.tif, labels: b.tif}``; what is None is left out."""
    said = {key: value for key, value in mapping.items() if value is not None}
    items = [f"{key}: {word(value) if isinstance(value, str) else value}" for key, value in said.items()]
    return f"{{{', '.join(items)}}}"


def numbers(values: Iterable[float]) -> str:
    """Write ``[30, 8, 8]``."""
    return f"[{', '.join(f'{value:g}' for value in values)}]"


def noted(line: str, note: str) -> str:
    """Write a line with a comment, which begin in one column where lines are short."""
    return f"{line:<44} # {note}"


def name_values(values: Sequence[int]) -> tuple[dict[int, str], int | None]:
    """Name the values of masks as well as can be guessed; return an ignored one apart.

    0 is background; 255 beside more than one other value is taken for what is ignored, as is usual, and so is
    -1; beside one other value, or without 0, that is background.
    """
    if values[0] == -1 and len(values) > 2 and 0 in values:
        return name_values(values[1:])[0], -1
    others = [value for value in values if value != IGNORED]
    ignored = (
        IGNORED if len(others) < len(values) and len(others) > 1 and max(others) < IGNORED // 2 else None
    )
    named = others if ignored is not None else list(values)
    names = {value: f"class{place}" if place else "background" for place, value in enumerate(named)}
    return names, ignored


def object_lines(background: int) -> tuple[list[str], list[str], list[str]]:
    """Return lines, decisions and doubts about numbers of objects."""
    lines = [noted("instances: boundary", "labels are numbers of objects: object and boundary, or binary")]
    if background:
        lines.append(noted(f"background: {background}", "no object; the others begin with 0"))
    return (
        lines,
        ["labels are numbers of objects, of which object and boundary are made"],
        [
            "instances: boundary keeps touching objects apart; binary makes one class of them; if the values "
            "are classes, name them in its place"
        ],
    )


def class_lines(masks: Sequence[Collection[int]]) -> tuple[list[str], list[str], list[str]]:
    """Return lines, decisions and doubts about classes; foreground that some masks write as 255 is one class.

    Args:
        masks: The values of each, or of each section of volumes; what holds 255 alone is not annotated.
    """
    values = sorted({value for mask in masks for value in mask})
    one_class = hold_one_each(masks) and all(0 in mask for mask in masks if IGNORED in mask)
    if len(values) == 3 and (values[0], values[-1]) == (0, IGNORED) and one_class:
        names = ", ".join(f"{value}: {'class1' if value else 'background'}" for value in values)
        return (
            [noted(f"classes: {{{names}}}", "give it your own name")],
            [f"masks hold 0 and either {values[1]} or {values[2]}, which are taken for one class"],
            ["classes: the names are placeholders"],
        )
    return _several(values)


def _several(values: Sequence[int]) -> tuple[list[str], list[str], list[str]]:
    names, ignored = name_values(values)
    in_order = list(names) == list(range(len(names)))
    inside = ", ".join(word(name) if in_order else f"{value}: {word(name)}" for value, name in names.items())
    lines = [noted(f"classes: {f'[{inside}]' if in_order else f'{{{inside}}}'}", "give them your own names")]
    decided = [
        f"masks hold the values {', '.join(map(str, values))}: {len(names)} classes, background among them"
    ]
    doubts = ["classes: the names are placeholders"]
    if 0 not in names:
        doubts.append(f"classes: no value is 0, so that {min(names)} is taken for background")
    if ignored is not None:
        lines.append(noted(f"ignore_value: {ignored}", "neither trained on nor scored"))
        doubts.append(
            f"ignore_value: {ignored} beside other values is taken for pixels to ignore; or is it a class?"
        )
    return lines, decided, doubts
