"""Files of volumes are opened once, however many threads ask for them first."""

from __future__ import annotations

import os
import pickle
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from emseg_bench.benchmark.contracts.errors import DataError
from emseg_bench.benchmark.images.volumes.found import Handle


def open_list() -> list[int]:
    return [1]


def test_threads_that_ask_at_once_get_the_same():
    opened, start = [], Barrier(4)

    def open_slowly() -> object:
        time.sleep(0.05)  # so that without a lock all threads would open
        opened.append(object())
        return opened[-1]

    def ask(_: int) -> object:
        start.wait()
        return handle.get()

    handle = Handle(open_slowly)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(ask, range(4)))
    assert len(opened) == 1
    assert all(one is opened[0] for one in found)


def test_after_a_failure_others_can_still_be_opened():
    def refuse() -> None:
        raise DataError("damaged")

    for _ in range(2):
        with pytest.raises(DataError, match="damaged"):
            Handle(refuse).get()
    assert Handle(open_list).get() == [1]


def test_what_is_open_stays_behind_when_it_is_pickled():
    handle = Handle(open_list)
    opened = handle.get()
    copy = pickle.loads(pickle.dumps(handle))  # noqa: S301 - our own
    assert copy.get() == opened
    assert copy.get() is not opened


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")  # that threads and forks mix badly
@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not fork")
def test_a_process_forked_while_a_file_is_opened_can_open_it():
    """The lock that a thread of the parent holds must not stay locked in the child."""
    began = Barrier(2)

    def open_slowly() -> list[int]:
        began.wait()
        time.sleep(0.1)
        return [1]

    with ThreadPoolExecutor(1) as pool:
        opening = pool.submit(Handle(open_slowly).get)
        began.wait()
        child = os.fork()
        if not child:
            os._exit(0 if Handle(open_list).get() == [1] else 1)
        deadline = time.monotonic() + 120
        while (done := os.waitpid(child, os.WNOHANG)) == (0, 0) and time.monotonic() < deadline:
            time.sleep(0.01)
        if done == (0, 0):
            os.kill(child, 9)
            os.waitpid(child, 0)
        assert opening.result() == [1]
    assert done == (child, 0)
