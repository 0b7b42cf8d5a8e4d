"""What hooks that hear of trials owe: they take what they are told, of complete and of failed trials."""

from __future__ import annotations

import tempfile
from contextlib import chdir
from pathlib import Path
from typing import Any

from ..benchmark.contracts.running import Event
from ..benchmark.files.store import TrialFolder
from ..benchmark.plugins.loading import Plugins
from ..benchmark.trials.records import write_record
from .findings import BlockedError, Check, ContractError
from .offline import offline
from .sample_trials import MODELS, sample_board, spec


class EventBench:
    """A distribution's hooks that hear of trials.

    Args:
        plugins: That distribution alone, loaded.
    """

    def __init__(self, plugins: Plugins) -> None:
        self.plugins = plugins

    def tell(self, hook: str, *arguments: Any) -> None:
        """Tell of a trial, without a network, in a folder that nobody keeps.

        Raises:
            ContractError: A hook raised something.
            BlockedError: It did, for lack of a network.
        """
        with tempfile.TemporaryDirectory() as folder, chdir(folder), offline() as attempts:
            problems = getattr(self.plugins, hook)(*arguments)
        if problems and attempts:
            raise BlockedError(f"it reaches for the network: {attempts[0]}")
        if problems:
            raise ContractError(
                f"{problems[0].where}: {problems[0].what}",
                "nothing",
                "Mend the hook; see Record and TrialSpec",
            )


def check_started(bench: EventBench) -> None:
    """It hears that a trial has begun."""
    bench.tell("trial_started", "f" * 64, spec(next(iter(MODELS)), 0))


def check_news(bench: EventBench) -> None:
    """It hears all that is told of a trial, from its beginning to its end."""
    for event in (
        Event(fingerprint="f" * 64, kind="started"),
        Event(fingerprint="f" * 64, kind="progress", phase="train", done=1, total=2, message="loss 0.5"),
        Event(fingerprint="f" * 64, kind="note", message="it waits"),
        Event(fingerprint="f" * 64, kind="failed", message="its process died"),
        Event(fingerprint="f" * 64, kind="complete"),
    ):
        bench.tell("trial_event", event)


def check_complete(bench: EventBench) -> None:
    """It hears that a trial is complete, and finds its scores and its curve in the folder."""
    with tempfile.TemporaryDirectory() as name:
        trial = sample_board(Path(name), "contract-data").trials[0]
        folder = TrialFolder(trial.folder)
        folder.path.mkdir()
        trial.cases.to_parquet(folder.cases, index=False)
        trial.curve.to_parquet(folder.curve, index=False)
        write_record(folder, trial.record)
        bench.tell("trial_finished", trial.record, folder.path)


def check_failed(bench: EventBench) -> None:
    """It hears that a trial has failed, which has no profile, no selection and no scores."""
    with tempfile.TemporaryDirectory() as name:
        trial = sample_board(Path(name), "contract-data", failed_only=True).trials[0]
        folder = TrialFolder(trial.folder)
        folder.path.mkdir()
        write_record(folder, trial.record)
        bench.tell("trial_finished", trial.record, folder.path)


CHECKS: tuple[Check, ...] = (check_started, check_news, check_complete, check_failed)
