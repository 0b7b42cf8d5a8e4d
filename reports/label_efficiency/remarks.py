"""What a reader must know before reading scores against labels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..across.comparable import Ranked
from ..wording import listing
from .schema import Amount, LabelEfficiency
from .words import amounts_told


def remarks(found: LabelEfficiency, boards: Sequence[Ranked]) -> Iterator[str]:
    """Give the texts, the most important ones first.

    Args:
        found: All but its remarks.
        boards: By amount.
    """
    yield from _gaps(found)
    yield from _test_cases(found, boards)
    yield from _code(found, boards)
    yield (
        "The seed chooses which images are labelled, the same for every model, and the fewer lie among the "
        "more; so the spread over seeds holds that choice, too."
    )
    if any(trial.record.spec.recipe.validations > 1 for one in boards for trial in one.board.trials):
        yield (
            "The validation split is whole with any number of labels: its labels choose the states that are "
            "tested, and are not counted here."
        )


def _gaps(found: LabelEfficiency) -> Iterator[str]:
    gaps = [
        (line.model, [one for one, point in zip(found.amounts, line.points, strict=True) if point is None])
        for line in found.lines
    ]
    told = [f"{model} with {amounts_told(missing, found)}" for model, missing in gaps if missing]
    if told:
        yield f"Without a score, and compared with nothing there: {listing(told)}."


def _test_cases(found: LabelEfficiency, boards: Sequence[Ranked]) -> Iterator[str]:
    common = [one.table.ground.common if one.table.ground else None for one in boards]
    if len({*common}) > 1:
        told = [
            f"{number} with {amounts_told([one], found)}"
            for one, number in zip(found.amounts, common, strict=True)
        ]
        yield (
            "Each board compares its models on the test cases that all of them have a score of, and of these "
            f"there are not equally many: {listing(told)}. So a line may rise or fall for the cases' sake."
        )


def _code(found: LabelEfficiency, boards: Sequence[Ranked]) -> Iterator[str]:
    """Say where code has changed between amounts, or since."""
    old: list[Amount] = [
        amount
        for amount, one in zip(found.amounts, boards, strict=True)
        if any(row.outdated for row in one.table.scored)
    ]
    if old:
        yield (
            f"Other code than today's made some rows with {amounts_told(old, found)}: their boards say what "
            "has changed."
        )
    engines = {trial.record.spec.engine_sha256 for one in boards for trial in one.board.complete}
    if len(engines) > 1:
        yield (
            "Not all trials ran with the same version of the engine's code, so part of a difference between "
            "numbers of labels may be the code's."
        )
