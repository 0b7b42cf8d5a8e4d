"""Cards of the published datasets, in the order in which people see them.

Every module beside this one that describes datasets gives its cards as ``CARDS``.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import ModuleType

    from ...benchmark.contracts import DatasetCard

MODULES: tuple[ModuleType, ...] = ()

PUBLIC: tuple[DatasetCard, ...] = tuple(chain.from_iterable(module.CARDS for module in MODULES))
