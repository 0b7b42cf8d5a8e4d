"""Reader and writer threads: in order, bounded, and what breaks in them surfaces."""

import threading
from functools import partial

import numpy as np
import pytest
from emseg_bench.benchmark.contracts.errors import StoreError
from emseg_bench.benchmark.evaluation.overlapped import read_ahead, write_behind
from emseg_bench.benchmark.evaluation.scratch import scratch_array


def others():
    return [thread for thread in threading.enumerate() if thread.name.startswith("emseg-bench")]


def test_reads_come_in_order_one_ahead():
    begun = []
    with read_ahead(partial(lambda n: begun.append(n) or n, number) for number in range(6)) as results:
        taken = []
        for result in results:
            assert len(begun) <= result + 2  # this one, and the next
            taken.append(result)
    assert taken == begun == list(range(6))
    assert not others()


def test_a_reader_s_error_comes_in_its_turn():
    def read(number):
        if number == 2:
            raise ValueError("page 2")
        return number

    taken = []
    with pytest.raises(ValueError, match="page 2"), read_ahead(partial(read, n) for n in range(5)) as results:
        taken += results
    assert not others()


def test_writes_are_done_in_order_when_the_context_ends():
    written = []
    with write_behind(written.append) as write:
        for number in range(20):
            write(number)
    assert written == list(range(20))
    assert not others()


def test_a_writer_waits_for_no_more_than_two():
    gate, most, waiting = threading.Event(), 0, 0

    def slow(_):
        nonlocal waiting
        gate.wait(10)
        waiting -= 1

    with write_behind(slow) as write:
        for number in range(6):
            waiting += 1
            most = max(most, waiting)
            if number == 1:  # a third would wait for the first
                gate.set()
            write(number)
    assert most <= 3


@pytest.mark.parametrize("calls", [1, 5])
def test_a_writer_s_error_surfaces(calls):
    def write(_):
        raise OSError("disk full")

    def write_all():
        with write_behind(write) as put:
            for number in range(calls):
                put(number)

    with pytest.raises(OSError, match="disk full"):
        write_all()
    assert not others()


def test_an_interrupt_ends_both_threads():
    def stop():
        with read_ahead(partial(int, n) for n in range(9)) as results, write_behind(lambda _: None) as write:
            for result in results:
                write(result)
                if result == 4:
                    raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stop()
    assert not others()


# --------------------------------------------------------------------------------------------- scratch
def test_small_arrays_are_in_memory_and_large_ones_in_a_file_without_a_name(tmp_path):
    small = scratch_array((2, 3), np.uint8, tmp_path / "small", in_memory=6)
    large = scratch_array((2, 3), np.float32, tmp_path / "new", in_memory=6)
    assert small.shape == (2, 3)
    assert not (tmp_path / "small").exists()
    assert (large.shape, large.dtype, large.any()) == ((2, 3), np.float32, False)
    large += 1
    assert large.tolist() == np.ones((2, 3)).tolist()
    assert not list((tmp_path / "new").iterdir())


def test_missing_space_is_told(tmp_path):
    with pytest.raises(StoreError, match=r"needs \d+ MiB of scratch space in .*make space there"):
        scratch_array((2**50,), np.uint8, tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="scratch space"):
        scratch_array((2,), np.uint8, tmp_path / "file", in_memory=0)
