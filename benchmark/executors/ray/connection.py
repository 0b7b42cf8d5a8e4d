"""Ray itself: an instance for one run, which leaves nothing behind, or somebody's cluster."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from shutil import rmtree
from typing import Any, Final

from ...contracts.errors import UsageError
from ...files.printable import brief
from ...plugins.strangers import RAISED
from ..temporary import claim_folder, place_for_sockets

_ENVIRONMENT: Final = {
    "RAY_USAGE_STATS_ENABLED": "0",
    # a trial without GPUs sees none, which Ray else only announces
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "1",
    # each takes it half a minute
    "RAY_NUM_REDIS_GET_RETRIES": "2",
}
_OBJECTS_BYTES: Final = 100 << 20
"""For what tasks hand over, which is a sentence each; Ray would take a third of the memory."""
_REACH_SECONDS: Final = 10.0
_SOCKETS: Final = len(
    "/emseg-bench-4194304-12345678/session_2026-11-29_12-00-00_123456_4194304/sockets/plasma_store"
)
"""What Ray's sockets add to the path of the folder for temporary files."""


@contextmanager
def connected(address: str) -> Iterator[list[dict[str, float]]]:
    """Be a driver of Ray while the context lasts, which ends what runs for it.

    Args:
        address: Of a cluster; empty: an instance is started here, and ended.

    Yields:
        What each node has: ``CPU``, ``GPU``, ``memory`` in bytes.

    Raises:
        UsageError: There is no such cluster, or no instance can be started.
    """
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    ray = library()
    folder = None if address else claim_folder(place_for_sockets(_SOCKETS))
    try:
        _connect(address, folder)
        yield [node["Resources"] for node in ray.nodes() if node["Alive"]]
    finally:
        ray.shutdown()
        if folder:
            rmtree(folder, ignore_errors=True)


def library() -> Any:
    """Import Ray itself, by a name that this package has, too."""
    return import_module("ray")


def _connect(address: str, folder: Path | None) -> None:
    _reach(address)
    here: dict[str, Any] = {
        "include_dashboard": False,
        "object_store_memory": _OBJECTS_BYTES,
        "_temp_dir": str(folder),
    }
    try:
        library().init(
            address or "local",
            log_to_driver=False,
            logging_level=logging.CRITICAL,
            **({} if address else here),
        )
    except RAISED as error:
        told = brief(" ".join(str(error).split()), 300)
        if address:
            raise UsageError(_no_cluster(address, told)) from error
        raise UsageError(f"Ray could not be started on this machine: {told}") from error


def _reach(address: str) -> None:
    """Look whether anything is at the address of a cluster: Ray would try for minutes.

    Raises:
        UsageError: There is not.
    """
    host, _, port = address.rpartition(":")
    if not host:
        return
    try:
        socket.create_connection((host.strip("[]"), int(port)), _REACH_SECONDS).close()
    except (OSError, OverflowError) as error:
        raise UsageError(_no_cluster(address, str(error))) from error


def _no_cluster(address: str, told: str) -> str:
    return (
        f"no Ray cluster answers at {address!r} ({told}); give the address that 'ray start --head' told, or "
        "none for an instance on this machine."
    )
