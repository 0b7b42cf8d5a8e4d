"""What the test cases are a sample of: groups, single cases, or blocks of slices of one volume."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from .contest import BLOCK, FEWEST_UNITS, ScopeKind

BLOCKS: Final = 6
"""Contiguous blocks that the slices of a volume are put into; neighbouring slices are no two samples."""
SLICES: Final = 100
"""Fewest of a volume: blocks of fewer are too much alike (docs/statistics.md)."""


@dataclass(frozen=True, slots=True)
class Units:
    """Which unit each case belongs to."""

    kind: ScopeKind
    noun: str
    """What one unit is; for blocks what holds them."""
    of_case: dict[str, int]
    """Numbers from 0, by case."""
    count: int
    case_noun: str
    """What one case is."""
    held: int = 1
    """Volumes that blocks lie in."""

    @property
    def unit(self) -> str:
        """What one unit is called."""
        return BLOCK if self.kind == "blocks" else self.noun


def units_of(cases: pd.DataFrame) -> Units:
    """Find what can be taken as a sample.

    Args:
        cases: Columns case, group and depth, in the order of slices; repeated rows count once.

    Returns:
        The groups where there are any (cases of no group stand alone), else the cases; of fewer than three
        groups with many slices each, blocks of these.
    """
    table = cases.drop_duplicates("case")
    names = table["case"].astype(str)
    groups, noun = table["group"], _case_noun(table)
    if groups.isna().all():
        return Units("cases", noun, _numbered(names, names), len(names), noun)
    owners = groups.astype(object).where(groups.notna(), "\0" + names)
    sizes = owners.value_counts()
    if sizes.size >= FEWEST_UNITS or sizes.min() < SLICES or (table["depth"] > 1).any():
        owner = "volume" if noun == "volume" and sizes.max() == 1 else "animal or volume"
        return Units("groups", owner, _numbered(names, owners), int(sizes.size), noun)
    return _blocks(names, owners)


def _case_noun(table: pd.DataFrame) -> str:
    if (table["depth"] > 1).all():
        return "volume"
    return "image" if (table["depth"] == 1).all() else "case"


def _numbered(names: pd.Series[Any], owners: pd.Series[Any]) -> dict[str, int]:
    codes, _ = pd.factorize(owners)
    return dict(zip(names, codes.tolist(), strict=True))


def _blocks(names: pd.Series[Any], owners: pd.Series[Any]) -> Units:
    """Cut each volume's slices into blocks of neighbours, six of all volumes together."""
    held = [names[owners == owner].tolist() for owner in dict.fromkeys(owners)]
    each = BLOCKS // len(held)
    blocks = [block for slices in held for block in np.array_split(np.array(slices, object), each)]
    of_case = {str(name): number for number, block in enumerate(blocks) for name in block}
    return Units("blocks", "volume", of_case, len(blocks), "slice", len(held))
