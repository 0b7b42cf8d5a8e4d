"""What operating systems and programs leave in folders, and nobody means as data."""

from __future__ import annotations

from typing import Final

_NAMES: Final = frozenset({"thumbs.db", "ehthumbs.db", "desktop.ini", "__macosx", "$recycle.bin", "icon\r"})


def is_litter(name: str) -> bool:
    """Tell a hidden file, or one that an operating system wrote, by its name."""
    return name.startswith((".", "~$")) or name.casefold() in _NAMES
