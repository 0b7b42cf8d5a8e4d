"""Resume points of strangers: never run, never larger than they are; they are dropped in so many words."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from emseg_bench.benchmark.contracts.errors import StoreError
from emseg_bench.benchmark.executors.printing import print_to
from emseg_bench.benchmark.training.optimisation import AutocastOptimWrapper
from emseg_bench.benchmark.training.resume import ResumeHook
from emseg_bench.benchmark.training.state import CurvePoint, TrainingState
from emseg_bench.benchmark.trials.trial import run_trial
from mmengine.optim import CosineAnnealingLR
from torch import nn

from .test_weights import FILES, Call, Code

STEPS = 6
FINGERPRINT = "a" * 64


class Training:
    """A training that resume points are of: the parts of a Runner that they hold."""

    def __init__(self, point: Path, seed: int, *, keeps: bool = True) -> None:
        torch.manual_seed(seed)
        self.network = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4))
        self.state, self.said = TrainingState(), list[str]()
        optimiser = AutocastOptimWrapper(
            torch.optim.AdamW(self.network.parameters()), "cpu", bf16=False, largest_norm=0.0
        )
        self.runner: Any = SimpleNamespace(
            model=self.network,
            optim_wrapper=optimiser,
            param_schedulers=[CosineAnnealingLR(optimiser, T_max=STEPS, by_epoch=False)],
            train_loop=SimpleNamespace(iter=0),
            max_iters=STEPS,
        )
        network = self.network if keeps else None
        watch: Any = SimpleNamespace(pause=int, restart=int)
        self.hook = ResumeHook(point, FINGERPRINT, 0.0, self.state, watch, self.said.append, network)

    def step(self) -> None:
        self.runner.optim_wrapper.update_params(self.network(torch.randn(2, 1, 8, 8)).square().mean())
        self.runner.param_schedulers[0].step()

    def weights(self) -> torch.Tensor:
        return torch.cat([value.float().flatten() for value in self.network.state_dict().values()])


@pytest.fixture
def point(tmp_path: Path) -> Path:
    """A resume point of the third of six steps, after a validation."""
    path = tmp_path / "resume.pt"
    training = Training(path, seed=1)
    training.state.curve.append(CurvePoint(1, "train/loss", 0.5))
    training.state.best_score, training.state.best_iteration = 0.25, 2
    training.state.best_weights = {key: value.clone() for key, value in training.network.state_dict().items()}
    for _ in range(3):
        training.step()
    training.hook.save(training.runner, 3)
    return path


def resumed(path: Path, *, keeps: bool = True) -> Training:
    """Go on with another training, of other weights so far."""
    training = Training(path, seed=2, keeps=keeps)
    training.hook.before_train(training.runner)
    return training


def was_dropped(training: Training, *gist: str) -> bool:
    """Hold a training to having begun anew, as if there had been no resume point, and having said so."""
    assert torch.equal(training.weights(), Training(Path("none"), seed=2).weights())
    assert not training.runner.optim_wrapper.state_dict()["state"]
    assert training.runner.train_loop.iter == 0
    assert (training.state.resumed, training.state.dropped) == (0, 1)
    assert training.state == TrainingState(dropped=1)
    (said,) = training.said
    assert said.isprintable()
    assert "was dropped, and training begins anew" in said
    return all(words in said for words in gist)


def test_a_sound_one_is_gone_on_with(point: Path) -> None:
    training = resumed(point)
    saved = torch.load(point, weights_only=True)
    assert torch.equal(training.weights(), torch.cat([v.float().flatten() for v in saved["model"].values()]))
    assert (training.state.resumed, training.state.dropped, training.said) == (1, 0, [])
    assert training.runner.train_loop.iter == 3
    assert training.state.curve == [CurvePoint(1, "train/loss", 0.5)]
    training.step()


def test_another_trainings_is_left_alone(point: Path) -> None:
    within("fingerprint")("b" * 64)(content := torch.load(point, weights_only=True))
    torch.save(content, point)
    assert resumed(point).state == TrainingState()
    assert point.exists()


Damage = Callable[[dict[str, Any]], object]


def within(*path: Any) -> Callable[[Any], Damage]:
    """Put something in a place of a resume point, or change what is there."""

    def put(value: Any) -> Damage:
        def damage(content: dict[str, Any]) -> None:
            place: Any = content
            for key in path[:-1]:
                place = place[key]
            is_change = callable(value) and not isinstance(value, Code | Call)
            place[path[-1]] = value(place[path[-1]]) if is_change else value

        return damage

    return put


def first(change: Callable[[torch.Tensor], object]) -> Callable[[dict[str, torch.Tensor]], object]:
    """Change the first tensor of a mapping."""
    return lambda tensors: {
        name: change(value) if number == 0 else value for number, (name, value) in enumerate(tensors.items())
    }


GIANT = torch.zeros(1).expand(1 << 40)
python, model, best = within("random", "python"), within("model"), within("state", "best_weights")
moment, group = within("optimiser", "state", 0, "exp_avg"), ("optimiser", "param_groups", 0)
DAMAGES: dict[str, tuple[Damage, str]] = {
    "code": (python(Code()), "could run code"),
    "room": (python(Call(bytearray, 6 << 30)), "bytearray"),
    "a giant for a weight": (model(first(lambda value: GIANT)), "repeat a few values"),
    "a giant to draw from": (within("random", "numpy")(["MT19937", GIANT, 0, 0, 0.0]), "repeat a few values"),
    "a small giant": (model(first(lambda value: torch.zeros(1).expand(1 << 20))), "type or shape"),
    "weights of other shapes": (model(first(lambda value: value[..., :1])), "type or shape"),
    "weights of other numbers": (model(first(lambda value: value.double())), "type or shape"),
    "weights that are not finite": (model(first(lambda value: value * torch.nan)), "finite"),
    "sparse weights": (model(first(lambda value: value.to_sparse())), "dense"),
    "no weights": (model({}), "other entries"),
    "best weights of other shapes": (best(first(lambda value: value[..., :1])), "type or shape"),
    "best weights that lack one": (best(lambda weights: dict([*weights.items()][1:])), "other entries"),
    "no best weights after a validation": (best({}), "best weights"),
    "words for best weights": (best("none"), "other entries"),
    "moments of other shapes": (moment(torch.zeros(3, 3)), "other shapes"),
    "no moments": (within("optimiser", "state", 0)({}), "keeps something else"),
    "moments of a parameter that there is not": (
        within("optimiser", "state")(lambda state: {99: state[0]}),
        "Error",
    ),
    "no optimiser": (within("optimiser")({"state": {}, "param_groups": []}), "Error"),
    "a learning rate in words": (within(*group, "lr")("fast"), "lr is a str"),
    "a learning rate of a tensor": (within(*group, "lr")(torch.zeros(9)), "lr is a Tensor"),
    "a schedule in words": (within("schedules", 0, "last_step")("late"), "last_step is a str"),
    "a schedule of something else": (within("schedules", 0)({"step": 3}), "other entries"),
    "no schedules": (within("schedules")([]), "Error"),
    "half an iteration": (within("iteration")(2.5), "after 2.5 of 6"),
    "an iteration before the first": (within("iteration")(-3), "after -3 of 6"),
    "an iteration after the last": (within("iteration")(10**9), "of 6"),
    "time that ran backwards": (within("state", "train_seconds")(-1.0), "train_seconds is -1.0"),
    "time without end": (within("state", "train_seconds")(float("inf")), "train_seconds is inf"),
    "a score in words": (within("state", "best_score")("best"), "best score"),
    "a score that is no number": (within("state", "best_score")(float("nan")), "best score"),
    "a curve of words": (within("state", "curve")([["a", "b", "c"]]), "Error"),
    "something more": (lambda content: content["state"].update({"tell": 1}), "other entries"),
    "half of the random states": (within("random")({"torch": torch.zeros(5), "cuda": []}), "other entries"),
    "a random state that is none": (within("random", "torch")(lambda state: state[:9]), "type or shape"),
}
"""What is changed in a sound one, and what is said of it."""


@pytest.mark.parametrize("name", DAMAGES)
def test_what_a_crafted_one_holds_is_dropped(name: str, point: Path, work: Path) -> None:
    damage, gist = DAMAGES[name]
    content = torch.load(point, weights_only=True)
    damage(content)
    torch.save(content, point)
    training = resumed(point)
    assert was_dropped(training, gist), training.said
    assert not point.exists()
    assert not (work / "ran-code").exists()


@pytest.mark.parametrize("name", [name for name in FILES if name != "a link to itself"])
def test_files_of_all_kinds_are_dropped(name: str, tmp_path: Path, work: Path) -> None:
    FILES[name][0](point := tmp_path / "resume.pt")
    assert was_dropped(resumed(point))
    assert not os.path.lexists(point)
    assert not (work / "ran-code").exists()


def test_a_cut_or_changed_one_is_dropped(point: Path) -> None:
    sound = point.read_bytes()
    point.write_bytes(sound[:-1000])
    assert was_dropped(resumed(point))
    middle = slice(len(sound) // 4, len(sound) // 2)
    point.write_bytes(sound[: middle.start] + bytes(one ^ 1 for one in sound[middle]) + sound[middle.stop :])
    assert was_dropped(resumed(point))


def test_no_link_is_followed(point: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere.pt"
    point.rename(elsewhere)
    point.symlink_to(elsewhere)
    before = elsewhere.read_bytes()
    assert was_dropped(resumed(point), "it is a link")
    assert elsewhere.read_bytes() == before


def test_a_pretraining_keeps_no_best_weights(point: Path) -> None:
    """Else anybody's tensors would be kept and written again and again."""
    assert was_dropped(resumed(point, keeps=False), "best weights")


@pytest.mark.parametrize("name", ["scratch", "predictions", "cases.parquet"])
def test_nothing_is_written_through_links_out_of_a_trials_folder(
    name: str, make_job: Callable[..., Any], runtime: Any, tmp_path: Path
) -> None:
    job, elsewhere = make_job(), tmp_path / "elsewhere"
    if name != "cases.parquet":  # a link to nothing is followed by what is written, too
        elsewhere.mkdir()
    job.folder.mkdir(exist_ok=True)
    (job.folder / name).symlink_to(elsewhere)
    with pytest.raises(StoreError, match="elsewhere"):
        run_trial(job, runtime, lambda event: None)
    assert not [*elsewhere.glob("*")]


def test_no_log_is_written_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "log.txt").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic"):
        print_to(tmp_path / "log.txt")
    assert not (tmp_path / "elsewhere").exists()
