"""Cards of the published datasets, in the order in which people see them.

Every module beside this one that describes datasets gives its cards as ``CARDS``.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from . import (
    all_mito,
    cdeep3m_mito,
    cem500k,
    cremi,
    guay,
    isbi2012,
    kasthuri_pp,
    lucchi,
    lucchi_pp,
    mitoem,
    perez,
    snemi3d,
    urocell,
    vnc,
)

if TYPE_CHECKING:
    from types import ModuleType

    from ...benchmark.contracts.cards import DatasetCard

MODULES: tuple[ModuleType, ...] = (
    cremi,
    guay,
    kasthuri_pp,
    lucchi_pp,
    perez,
    urocell,
    all_mito,
    lucchi,
    isbi2012,
    snemi3d,
    mitoem,
    vnc,
    cdeep3m_mito,
    cem500k,
)

PUBLIC: tuple[DatasetCard, ...] = tuple(chain.from_iterable(module.CARDS for module in MODULES))
