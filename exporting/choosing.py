"""Which trained model is exported, and the trial that it comes from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..benchmark.contracts.errors import UsageError, WeightsError
from ..benchmark.contracts.records import Record
from ..benchmark.files.hashing import sha256_of_file
from ..benchmark.files.printable import printable
from ..benchmark.files.store import Store, TrialFolder
from ..benchmark.plugins.registry import Catalogue
from ..benchmark.predictions.choosing import choose_trial
from ..benchmark.predictions.network import TrainedWeights, find_weights
from ..benchmark.trials.records import load_record
from ..benchmark.trials.trial_names import trial_name


@dataclass(frozen=True, slots=True)
class Origin:
    """The complete trial that trained the weights."""

    folder: TrialFolder
    record: Record

    @property
    def store(self) -> Store | None:
        """The results folder that it lies in; None: its folder was moved out of one."""
        place = self.folder.path.absolute().parent
        return Store(place.parent) if place.name == "trials" else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What is exported."""

    weights: TrainedWeights
    told: str
    """Which it is, for people."""
    origin: Origin | None
    """None: nothing is known of its training but what the weights say of themselves."""


def find_source(text: str, catalogue: Catalogue) -> Source:
    """Find a trained model.

    Args:
        text: ``results:unet``, ``results:unet/3``, a trial's folder, a weight file, or the name of imported
            weights of a whole model.
        catalogue: Knows the models.

    Raises:
        UsageError: There is no such model, or its trial failed.
        WeightsError: The weights do not say what they are, or are not those that the trial wrote.
        UnknownNameError: The model is not installed.
    """
    path, told = Path(text).expanduser(), ""
    if path.is_dir():
        place = _weights_of(path)
    elif ":" in text and not path.is_file():
        chosen = choose_trial(text)
        place, told = chosen.weights, chosen.told
    else:
        place = path
    origin = _origin(place)
    weights = find_weights(str(place), catalogue)
    if origin and not told:
        told = trial_name(origin.record.spec)
    return Source(weights=weights, told=printable(told or weights.info.origin), origin=origin)


def _weights_of(path: Path) -> Path:
    folder = TrialFolder(path)
    if not folder.record.is_file():
        hint = "; name a model in it, as in results:unet" if (path / "trials").is_dir() else ""
        raise UsageError(
            f"{printable(str(path))} is a folder without a trial's record, expected a trial's folder{hint}."
        )
    record = load_record(folder)
    if record.status != "complete":
        raise UsageError(
            f"{trial_name(record.spec)} failed ({printable(record.reason or 'no reason was recorded')}), and "
            "holds no trained model. Run it again, or name another trial."
        )
    if not folder.own(folder.weights).is_file():
        raise UsageError(
            f"{trial_name(record.spec)} has no weights here: they were removed, or left out of the bundle "
            "that it comes from. Ask for a bundle that was made with --weights."
        )
    return folder.weights


def _origin(weights: Path) -> Origin | None:
    """Find the trial that a weight file lies in.

    Raises:
        WeightsError: The file is not the one that the trial wrote, so its scores are not this model's.
    """
    folder = TrialFolder(weights.parent)
    if weights.name != folder.weights.name or not folder.record.is_file():
        return None
    record = load_record(folder)
    known = record.files.get(weights.name)
    if known is not None and weights.is_file() and sha256_of_file(weights) != known:
        raise WeightsError(
            f"{printable(str(weights))} is not the file that its trial wrote, so the trial's scores are not "
            "this model's. Run the trial again, or copy the file elsewhere and export it from there."
        )
    return Origin(folder, record)
