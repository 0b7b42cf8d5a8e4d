"""What a board's verdicts say, in sentences: the same on the page, in Markdown, JSON and the terminal.

A sentence that claims something ends with what it is a claim about (`Scope.phrase`), and nobody "leads"
whose place is not the first for sure.
"""

from __future__ import annotations

from collections.abc import Iterator

from .schema import Leaderboard, Row
from .verdicts.contest import FEWEST_UNITS, Scope, several
from .verdicts.schema import Comparison, Verdicts
from .wording import listing, metric_title, plural, score, span, spread, with_unit


def headline(table: Leaderboard, verdicts: Verdicts) -> str:
    """Say who leads and how surely; that nobody shows skill comes first."""
    return " ".join((*_no_skill(table, verdicts), *_first(table, verdicts)))


def reach(verdicts: Verdicts) -> str:
    """Say what the claims do not reach."""
    return " ".join(_beyond(verdicts.scope)) if len(verdicts.names) > 1 else ""


def _beyond(scope: Scope) -> Iterator[str]:
    if scope.kind in ("seeds", "blocks"):
        yield f"Nothing is known about other {several(scope.sampled)}: that takes at least {FEWEST_UNITS}."
    if scope.kind != "none" and not scope.seeds:
        yield (
            "Every model was trained with one seed, so the intervals do not hold how much a score varies "
            "from training to training."
        )


def standing(table: Leaderboard, found: Comparison | None) -> str:
    """Say in a few words how a contender stands to the first row.

    Args:
        table: With a score at least.
        found: The first row against the contender; None: it is the first row.
    """
    if found is None:
        return "leads" if table.verdicts and table.verdicts.leader else _extreme(table)
    if found.verdict:
        return "surely behind" if found.verdict == "better" else "surely ahead"
    return "not surely behind" if found.low is not None else "no claim"


def blind_mean(table: Leaderboard, verdicts: Verdicts) -> float | None:
    """Return the mean of the best prediction that looks at no image; None without one."""
    first = table.scored[0].score.mean.mean
    if not verdicts.blind or first is None:
        return None
    sign = 1 if verdicts.direction == "higher" else -1
    return first - sign * verdicts.between(0, len(verdicts.names) - 1).value


def difference(found: Comparison, unit: str) -> str:
    """Write a difference that has an interval, with it."""
    value = with_unit(score(found.value, unit), unit)
    return f"{value} (95 % interval {span(found.low, found.high, unit)})"


def ahead_of_all(verdicts: Verdicts, unit: str) -> str:
    """Say of a first model that is surely better than all others by how much it is better than the next."""
    others = verdicts.models[1:]
    each = f"each of the {len(others)} other models" if len(others) > 1 else others[0]
    nearest = f"; than {others[0]}, the next, by" if len(others) > 1 else ", by"
    apart = difference(verdicts.between(0, 1), unit)
    return f"It is surely better than {each} {verdicts.scope.phrase}{nearest} {apart}."


# ----------------------------------------------------------------------------------------- skill
def _no_skill(table: Leaderboard, verdicts: Verdicts) -> Iterator[str]:
    if verdicts.skilled is not False:
        return
    title, bar = metric_title(table.metric), blind_mean(table, verdicts)
    yield (
        f"On {table.dataset}, no model is surely better {verdicts.scope.phrase} than “{verdicts.names[-1]}”, "
        f"a prediction that looks at no image (mean {title} {score(bar, table.metric.unit)}): nobody leads."
    )


# ----------------------------------------------------------------------------------------- first
def _first(table: Leaderboard, verdicts: Verdicts) -> Iterator[str]:
    first = table.scored[0]
    on = "" if verdicts.skilled is False else f"On {table.dataset}, "
    mean = f"{_mean(table, first)} ({plural(first.score.mean.seeds, 'seed')})"
    title = metric_title(table.metric)
    if len(table.scored) == 1:
        yield f"{on}{first.model} is the only model with a score: mean {title} {mean}."
        if verdicts.skilled:
            blind = f"“{verdicts.names[-1]}”, which looks at no image"
            yield f"It is surely better than {blind}, {verdicts.scope.phrase}."
    elif verdicts.leader:
        yield f"{on}{first.model} leads with mean {title} {mean}. {ahead_of_all(verdicts, table.metric.unit)}"
    else:
        yield f"{on}{first.model} has the {_extreme(table, title)}, {mean}. {_why_not(table, verdicts)}"


def _why_not(table: Leaderboard, verdicts: Verdicts) -> str:
    if verdicts.scope.kind == "none":
        return (
            "Nothing tells how much of the order is chance: every model has one seed, and there are fewer "
            f"than {FEWEST_UNITS} {several(verdicts.scope.sampled)}."
        )
    found = [(row.model, verdicts.between(0, i)) for i, row in enumerate(table.scored) if i]
    ahead = [name for name, one in found if one.verdict == "worse"]
    unclear = [(name, one) for name, one in found if one.verdict is None]
    texts = []
    if ahead:
        texts.append(f"{listing(ahead)} {_is(ahead)} surely better {verdicts.scope.phrase}, but of one seed.")
    if unclear:
        names = [name for name, _ in unclear]
        gap = f": {_outcome(table, verdicts, unclear[0][1])}" if len(unclear) == 1 else ""
        texts.append(f"It is not surely better than {listing(names)} {verdicts.scope.phrase}{gap}.")
    return " ".join(texts)


def _outcome(table: Leaderboard, verdicts: Verdicts, found: Comparison) -> str:
    """Say of one pair that cannot be told apart what is known of it."""
    if found.low is None:
        return "their scores do not vary at all, and from that no certainty follows"
    counts = ""
    if verdicts.scope.units:
        nouns = several(verdicts.scope.unit)
        counts = f"; better in {found.wins} and worse in {found.losses} of {verdicts.scope.units} {nouns}"
    return f"the difference is {difference(found, table.metric.unit)}{counts}"


def _mean(table: Leaderboard, row: Row) -> str:
    unit = table.metric.unit
    return with_unit(spread(row.score.mean, unit), unit)


def _extreme(table: Leaderboard, title: str = "") -> str:
    """Name what the first row has, if it does not lead; rows of one seed stand below, whatever they drew."""
    higher = table.metric.direction == "higher"
    means = [row.score.mean.mean for row in table.scored if row.score.mean.mean is not None]
    best = max(means) if higher else min(means)
    among = "" if table.scored[0].score.mean.mean == best else " over several seeds"
    return f"{'highest' if higher else 'lowest'} mean{title and ' '}{title}{among}"


def _is(names: list[str]) -> str:
    return "is" if len(names) == 1 else "are"
