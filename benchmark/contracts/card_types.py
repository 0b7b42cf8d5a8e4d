"""How cards are made: one that says more than this version knows costs itself and not its plugin."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any


@dataclass(frozen=True, slots=True)
class UnknownFields:
    """What comes of a card with fields that there are not; it is reported when the plugin is loaded."""

    kind: str
    """The card's type."""
    name: str
    unknown: tuple[str, ...]
    known: tuple[str, ...]


class CardType(type):
    """The type of card types.  Plugins make cards while they are imported, where an error would cost all."""

    def __call__(cls, **values: Any) -> Any:
        """Make a card, or `UnknownFields`."""
        known = tuple(field.name for field in fields(cls))  # type: ignore[arg-type]
        unknown = tuple(name for name in values if name not in known)
        if unknown:
            return UnknownFields(cls.__name__, str(values.get("name", "")), unknown, known)
        return super().__call__(**values)
