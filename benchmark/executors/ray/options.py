"""What a trial asks of Ray."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Final

from annotated_types import Ge, Le, MaxLen

from ...contracts.basics import STRICT
from ...contracts.errors import UsageError

_ADDRESS: Final = re.compile(r"auto|[\w.\[\]:-]+:[0-9]{1,5}|", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class RayOptions:
    """Where trials run, and what each asks for."""

    __pydantic_config__ = STRICT

    address: Annotated[str, MaxLen(300)] = ""
    """Of a cluster, HOST:PORT; auto: that of this machine; empty: an instance here, for this run."""
    gpus: Annotated[float, Ge(0), Le(64)] = 0.0
    """Of each trial; two share one with 0.5; 0: with --device cuda one for each process, else none."""
    cpus: Annotated[int, Ge(0), Le(1024)] = 0
    """Cores of each trial; 0: as many as it computes with (--threads)."""
    memory_gib: Annotated[float, Ge(0), Le(65536)] = 0.0
    """That a node must have free for each trial, in GiB; 0: it is not asked."""
    retries: Annotated[int, Ge(0), Le(1000)] = 2
    """How many times a trial goes on after its worker or node was lost."""

    def __post_init__(self) -> None:
        """Refuse what is no address of a cluster.

        Raises:
            UsageError: It is none.
        """
        if not _ADDRESS.fullmatch(self.address):
            raise UsageError(f"ray[address=...]: got {self.address!r}, expected auto or HOST:PORT.")
