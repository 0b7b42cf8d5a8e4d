"""What a trial asks of a cluster, in Slurm's terms."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import Annotated, Final

from annotated_types import Ge, Gt, Le, MaxLen

from ...contracts.basics import STRICT
from ...contracts.errors import UsageError

EXTRA: Final = frozenset(
    {
        *("begin", "comment", "exclude", "exclusive", "gres", "licenses", "mail-type", "mail-user"),
        *("nice", "nodelist", "reservation", "wckey"),
    }
)
"""Further options of sbatch that may be given: none of them changes what is run, or where it writes."""
_NAME: Final = re.compile(r"[\w.,:;&|*()\[\]+@/=%-]*", re.ASCII)
"""What the values of such options are made of; no line ends, which would end a line of the script."""

Text = Annotated[str, MaxLen(500)]


@dataclass(frozen=True, slots=True, kw_only=True)
class SlurmOptions:
    """What each trial asks for; what is not given is the cluster's default."""

    __pydantic_config__ = STRICT

    partition: Text = ""
    """Where trials queue; several with + between them."""
    gpus: Annotated[int, Ge(0), Le(64)] = 0
    """Of each trial; 0: one for each of its processes where --device is cuda, else none."""
    cpus: Annotated[int, Ge(0), Le(1024)] = 0
    """Cores of each trial; 0: as many as it computes with (--threads)."""
    memory_gib: Annotated[float, Ge(0), Le(65536)] = 0.0
    """Of each trial, in GiB; 0: the cluster's default."""
    hours: Annotated[float, Gt(0), Le(8760)] = 4.0
    """That a trial may take in one go; a minute before, it is put back into the queue and goes on later."""
    requeues: Annotated[int, Ge(0), Le(1000)] = 10
    """How many times a trial that has used up its hours is put back into the queue; 0: it fails, and nothing
    puts it back, neither when a job of more weight takes its place nor when its node fails."""
    at_once: Annotated[int, Ge(1), Le(10_000)] = 16
    """Trials that run at once."""
    account: Text = ""
    """Who pays."""
    qos: Text = ""
    """Quality of service."""
    constraint: Text = ""
    """Features that nodes must have, such as a100."""
    extra: Text = ""
    """Further options of sbatch, KEY=VALUE with spaces between them: reservation=course exclude=node7."""

    def __post_init__(self) -> None:
        """Refuse what would be something else in the script.

        Raises:
            UsageError: A value holds a character that no such value has, or `extra` what it may not.
        """
        for name in ("partition", "account", "qos", "constraint"):
            _check(name, getattr(self, name))
        for key, value in self.extra_options.items():
            if key not in EXTRA:
                raise UsageError(
                    f"slurm[extra=...]: {key!r} cannot be given, expected one of {', '.join(sorted(EXTRA))}."
                )
            _check(f"extra={key}", value)

    @property
    def partitions(self) -> str:
        """As Slurm writes several; our own lists of options have commas already."""
        return self.partition.replace("+", ",")

    @property
    def extra_options(self) -> dict[str, str]:
        """Give `extra` by keys."""
        pairs = (word.partition("=") for word in shlex.split(self.extra))
        return {key.lstrip("-"): value for key, _, value in pairs}


def _check(name: str, value: str) -> None:
    if not _NAME.fullmatch(value):
        raise UsageError(f"slurm[{name}]: got {value!r}, expected letters, digits and signs that Slurm uses.")
