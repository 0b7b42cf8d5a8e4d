"""The contract as pytest tests, one for each card and check."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from .findings import BlockedError, Check
from .naming import find_targets
from .targets import Target


def contract(*names: str) -> Callable[[Target, Check], None]:
    """Make the test of everything that a plugin offers; pytest collects it under the name that it is given.

    A check that cannot be made, because another one fails, is skipped.

    Args:
        names: Whatever ``emseg-bench plugins check`` takes: a plugin's module or distribution, or a card
            with options or a place, such as ``my-data:/data/small``.

    Raises:
        UsageError: Nothing is called so.
    """
    import pytest

    targets = [target for name in names for target in find_targets(name)]
    cases = [
        pytest.param(target, check, id=f"{target.name}-{check.__name__.removeprefix('check_')}")
        for target in targets
        for check in target.checks
    ]
    # one bench at a time, for networks are large
    bench_of = lru_cache(maxsize=1)(lambda target: target.open())

    @pytest.mark.parametrize(("target", "check"), cases)
    def test(target: Target, check: Check) -> None:
        try:
            check(bench_of(target))
        except BlockedError as error:
            pytest.skip(f"not checked: {error}")

    return test
