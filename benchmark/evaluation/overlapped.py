"""Reading and writing beside computing: a thread for each, one step ahead and one behind.

What a thread raises is raised where its result is waited for.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import ParamSpec, TypeVar

T = TypeVar("T")
P = ParamSpec("P")


@contextmanager
def read_ahead(reads: Iterable[Callable[[], T]]) -> Iterator[Iterator[T]]:
    """Give what `reads` return, in order; the next one runs while a result is used."""
    with _thread("reader") as pool:
        yield _results(pool, reads)


@contextmanager
def write_behind(write: Callable[P, None]) -> Iterator[Callable[P, None]]:
    """Give a function that has `write` called with its arguments, in order, while its caller goes on.

    It waits while two calls are not done; all are done when the context ends without an exception.
    """
    pending: deque[Future[None]] = deque()
    with _thread("writer") as pool:

        def put(*args: P.args, **kwargs: P.kwargs) -> None:
            pending.append(pool.submit(write, *args, **kwargs))
            if len(pending) > 1:
                pending.popleft().result()

        yield put
        for future in pending:
            future.result()


@contextmanager
def _thread(name: str) -> Iterator[ThreadPoolExecutor]:
    """Give a thread that ends with the context: what runs is waited for, what has not begun is dropped."""
    pool = ThreadPoolExecutor(1, thread_name_prefix=f"emseg-bench {name}")
    try:
        yield pool
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _results(pool: ThreadPoolExecutor, reads: Iterable[Callable[[], T]]) -> Iterator[T]:
    ahead: Future[T] | None = None
    for read in reads:
        ready, ahead = ahead, pool.submit(read)
        if ready is not None:
            yield ready.result()
    if ahead is not None:
        yield ahead.result()
