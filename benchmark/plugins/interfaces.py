"""Whether a plugin and this emseg-bench were made for each other, and which of them to update if not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from importlib.metadata import Distribution, version
from typing import Final

from ..contracts.card_types import UnknownFields
from ..contracts.hookspecs import INTERFACE
from .registry import OWN

_OURS: Final = re.compile(r"emseg[-_.]+bench(?![-_.\w])", re.IGNORECASE)
"""How a requirement of emseg-bench begins."""
SAYS: Final = "EMSEG_INTERFACE"
"""The attribute in which a plugin says what it was written for."""
NEWER: Final = "Update emseg-bench: what is newer in the plugin may not work"


@dataclass(frozen=True, slots=True)
class Misfit:
    """What does not fit, and what to do."""

    what: str
    remedy: str


def interface_misfits(plugin: object, distribution: str) -> Iterator[Misfit]:
    """Compare what a plugin says it was written for with what there is; one that says nothing passes."""
    said = getattr(plugin, SAYS, None)
    if said is None:
        return
    if not (isinstance(said, tuple) and len(said) == 2 and all(type(number) is int for number in said)):
        yield Misfit(f"{SAYS} is {said!r}, expected two numbers such as {INTERFACE}", "Correct it")
    elif said > INTERFACE:
        yield Misfit(f"{_written_for(said)}, and this emseg-bench has {_dotted(INTERFACE)}", NEWER)
    elif said[0] < INTERFACE[0]:
        what = f"{_written_for(said)}, of which {_dotted(INTERFACE)} has changed something"
        yield Misfit(what, f"Update {distribution}: what has changed may not work")


def _written_for(numbers: tuple[int, int]) -> str:
    return f"it was written for the plugin interface {_dotted(numbers)}"


def _required_by(dist: Distribution) -> list[str]:
    """Read what a distribution requires; nothing of one whose metadata are gone."""
    try:
        return dist.requires or []
    except FileNotFoundError:  # what the importlib-metadata package says, once somebody has imported it
        return []


def requirement_misfits(dist: Distribution) -> Iterator[Misfit]:
    """Compare the version of emseg-bench that a distribution requires with the one that there is."""
    wanted = [text for text in _required_by(dist) if _OURS.match(text)]
    if not wanted:
        return
    from packaging.requirements import InvalidRequirement, Requirement
    from packaging.version import Version

    own = Version(version(OWN))
    for text in wanted:
        try:
            required = Requirement(text)
        except InvalidRequirement:
            yield Misfit(f"its requirement {text!r} cannot be read", f"Reinstall or update {dist.name}")
            continue
        counts = required.marker is None or required.marker.evaluate()
        if counts and not required.specifier.contains(own, prereleases=True):
            newer = any(
                one.operator in (">", ">=", "~=", "==") and Version(one.version.removesuffix(".*")) > own
                for one in required.specifier
            )
            yield Misfit(
                f"it requires {OWN} {required.specifier}, and this is {own}",
                f"Update {OWN if newer else dist.name}",
            )


def unknown_fields(card: UnknownFields) -> str:
    """Say which fields of a card there are not, and which of them may be slips."""
    return "; ".join(_unknown(card, name) for name in card.unknown)


def _unknown(card: UnknownFields, name: str) -> str:
    near = get_close_matches(name, card.known, n=1)
    meant = f" (did you mean {near[0]}?)" if near else ""
    field = f"{card.kind} {card.name!r} has the field {name!r}"
    return f"{field}, which emseg-bench {version(OWN)} does not know{meant}"


def _dotted(numbers: tuple[int, int]) -> str:
    return f"{numbers[0]}.{numbers[1]}"
