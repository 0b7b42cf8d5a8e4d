"""What a reader must know about a table over data sets: what it leaves out, and how its sets differ."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..naming import MARK
from ..wording import listing, score
from .balance import Block
from .comparable import Family
from .entries import Entries
from .schema import Across, Missing


def remarks(across: Across, family: Family, grid: Entries, block: Block) -> Iterator[str]:
    """Give the texts, the most important ones first."""
    yield from _fixed(across)
    yield from _tuned(family, grid)
    yield from _left_out(across, family, grid, block)
    yield from _parts(across)
    yield from _units(across)
    yield from _blind(family, block)
    yield from _resolved(across)
    yield from _code(across, grid)


def _fixed(across: Across) -> Iterator[str]:
    if across.verdicts and across.verdicts.scope.kind == "fixed":
        yield (
            f"{len(across.sets)} data sets say nothing about others: the intervals are those of their "
            "boards, taken together. From three data sets on, models are compared as to other data sets."
        )


def _tuned(family: Family, grid: Entries) -> Iterator[str]:
    """Say what a mean over tuned models is of, and which have no part in it."""
    if family.members[0].first.table.division == "open":
        yield (
            "Open division: each model was tuned on every data set by itself, with the same budget, so that "
            "its setting is another on each."
        )
    if grid.unknown:
        yield (
            "Left out, since the files of their studies are not there, which say what they were before "
            f"tuning: {listing(grid.unknown)}."
        )


def _left_out(across: Across, family: Family, grid: Entries, block: Block) -> Iterator[str]:
    """Say what has no place in a table without gaps, and what would fill them."""
    if not across.missing:
        return
    sets = [member.name for place, member in enumerate(family.members) if place not in block.sets]
    models = [name for identity, name in grid.names.items() if identity not in block.models]
    if sets and across.rows:
        yield f"Left out, since too few models have scores on them: {listing(sets)}."
    if models and across.rows:
        everywhere = f"all of the {len(across.sets)} data sets"
        yield f"Left out, since they have no score on {everywhere}: {listing(models)}."
    yield f"No score is made up for a gap. The table would be complete with {listing(_gaps(across.missing))}."


def _gaps(missing: Sequence[Missing]) -> list[str]:
    """Write gaps model by model: ``unet on a and b (not run)``."""
    groups: dict[tuple[str, str], list[str]] = {}
    for gap in missing:
        groups.setdefault((gap.model, gap.reason), []).append(gap.dataset)
    return [f"{model} on {listing(sets)} ({reason})" for (model, reason), sets in groups.items()]


def _parts(across: Across) -> Iterator[str]:
    """Say which data sets have several boards, and how these count."""
    several = [one for one in across.sets if len(one.boards) > 1]
    if several:
        told = listing([f"{one.dataset} ({len(one.boards)} boards)" for one in several])
        yield (
            f"Folds or parts of one data set count as one, whatever their number: {told}. A model's score "
            "there is the mean over the boards, and a difference on it has the mean of their intervals, as "
            "wide as if the boards' errors were one and the same."
        )


def _units(across: Across) -> Iterator[str]:
    units: dict[str, list[str]] = {}
    for one in across.sets:
        units.setdefault(one.unit, []).append(one.dataset)
    if len(units) > 1:
        told = "; ".join(f"{unit}s on {listing(names)}" for unit, names in units.items())
        yield f"A set's mean is over its test cases, which are not the same kind everywhere: {told}."


def _blind(family: Family, block: Block) -> Iterator[str]:
    """Say where no blind prediction is known, if it is elsewhere: then none competes."""
    tables = [one.table for place in block.sets for one in family.members[place].boards]
    without = [table.dataset for table in tables if table.verdicts and not table.verdicts.blind]
    if 0 < len(without) < len(tables):
        yield (
            f"Predictions that look at no image do not compete, since none is known on {listing(without)}, "
            "whose trials are of an older version."
        )


def _resolved(across: Across) -> Iterator[str]:
    """Say what the table can find, and what more data sets would buy."""
    if found := across.resolution:
        unit = across.metric.unit
        more = [f"{score(one.difference, unit)} with {one.units}" for one in found.more_units]
        then = f"; {', '.join(more)}" if more else ""
        yield (
            f"With {found.now.units} data sets, a true difference of {score(found.now.difference, unit)} "
            f"between two of the models is found in 4 of 5 repetitions{then}."
        )


def _code(across: Across, grid: Entries) -> Iterator[str]:
    named = {row.model for row in across.rows}
    if doubled := [name for name in grid.doubled if name in named]:
        yield (
            f"Of {listing(doubled)} some board has rows by different code; today's counts here, or else that "
            "of more seeds."
        )
    if any(row.outdated for row in across.rows):
        yield f"Rows with {MARK} were made by other code than is installed now, on some data set at least."
