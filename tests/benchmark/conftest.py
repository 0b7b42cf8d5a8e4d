"""Jobs on the toy plugin, for tests of the engine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from emseg_bench.benchmark.contracts.running import Job, Runtime
from emseg_bench.benchmark.experiments.experiment import build_experiment
from emseg_bench.benchmark.experiments.planning import make_plan
from emseg_bench.benchmark.plugins.loading import load_plugins

MakeJob = Callable[..., Job]

TINY = (
    "recipe.iterations=6",
    "recipe.batch_size=2",
    "recipe.crop=32",
    "recipe.validations=2",
    "recipe.precision=fp32",
)


@pytest.fixture
def runtime(tmp_path: Path) -> Runtime:
    return Runtime(device="cpu", threads=1, cache=str(tmp_path / "cache"))


@pytest.fixture
def make_job(toy: Path, tmp_path: Path) -> MakeJob:
    """Plan one trial on toy data."""

    def make(
        model: str = "toy",
        *settings: str,
        dataset: str = "toy-data",
        protocol: str = "emseg-v1",
        folder: str = "trial",
        store: str | None = None,
        seed: int = 0,
    ) -> Job:
        asked = {"models": [model], "datasets": [dataset], "seeds": [seed], "protocol": protocol}
        changed = {setting.partition("=")[0] for setting in settings}
        usual = [setting for setting in TINY if setting.partition("=")[0] not in changed]
        experiment = build_experiment(None, asked, [*usual, *settings])
        plan = make_plan(experiment, load_plugins().catalogue, device="cpu", cache=tmp_path / "cache")
        ((fingerprint, spec),) = plan.trials.items()
        place = f"{store}/trials/{fingerprint}" if store else folder
        return Job(fingerprint=fingerprint, spec=spec, folder=tmp_path / place)

    return make
