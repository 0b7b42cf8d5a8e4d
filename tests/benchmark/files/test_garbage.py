"""The search for cycles is put off, and put back."""

from __future__ import annotations

import gc
import weakref

import pytest
from emseg_bench.benchmark.files.garbage import cycles_kept, let_go


class Cycle:
    def __init__(self) -> None:
        self.own = self


def test_a_cycle_stays_until_it_is_let_go() -> None:
    with cycles_kept():
        assert not gc.isenabled()
        seen = weakref.ref(Cycle())
        assert seen() is not None
        let_go()
        assert seen() is None
    assert gc.isenabled()


def test_the_search_goes_on_after_a_fault_but_not_within_another() -> None:
    with cycles_kept():
        with pytest.raises(KeyError), cycles_kept():
            raise KeyError
        assert not gc.isenabled()
    assert gc.isenabled()
