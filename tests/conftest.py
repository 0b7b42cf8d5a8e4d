"""What tests of several rooms share."""

from __future__ import annotations

import gc
import os
import re
import runpy
import signal
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from emseg_bench.benchmark.contracts.running import Job, Runtime
from emseg_bench.benchmark.executors import context
from emseg_bench.benchmark.experiments.experiment import build_experiment
from emseg_bench.benchmark.experiments.planning import make_plan
from emseg_bench.benchmark.plugins.loading import installed_plugins, load_plugins
from emseg_bench.benchmark.trials.jobs import write_job
from hypothesis import settings

from .slurm.cluster import cluster, slurm

__all__ = ["cluster", "slurm"]  # fixtures for all rooms
# A busy machine is no failure: nothing here is held to a time.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")

TESTS = Path(__file__).parent

MakeJob = Callable[..., Job]

TINY = (
    "recipe.iterations=6",
    "recipe.batch_size=2",
    "recipe.crop=32",
    "recipe.validations=2",
    "recipe.precision=fp32",
)


def pytest_collection_finish() -> None:
    """Leave what was collected, thousands of tests, out of every search for cycles from here on."""
    gc.collect()
    gc.freeze()


def _make_distribution(folder: Path, name: str, entry_points: dict[str, str], version: str = "1.0") -> Path:
    """Write a distribution's metadata, as an installer does."""
    info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    lines = [f"{key} = {value}" for key, value in entry_points.items()]
    (info / "entry_points.txt").write_text("\n".join(["[emseg_bench]", *lines, ""]))
    return info


@pytest.fixture
def make_distribution() -> Callable[..., Path]:
    """Give the function that writes a distribution's metadata into a folder."""
    return _make_distribution


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the user's cache out of the tests, and the tests out of it; converted data is shared."""
    monkeypatch.setenv("EMSEG_BENCH_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))


@pytest.fixture(autouse=True)
def _own_signals() -> Iterator[None]:
    """Give back how signals are taken: what a test starts inherits what the one before ignored or blocked."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD, signal.SIGUSR2, signal.SIGABRT)
    before = {number: signal.getsignal(number) for number in numbers}
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    yield
    for number, handler in before.items():
        if handler is not None and signal.getsignal(number) is not handler:
            signal.signal(number, handler)
    signal.pthread_sigmask(signal.SIG_SETMASK, mask)


@pytest.fixture(autouse=True)
def _own_environment() -> Iterator[None]:
    """Give back the environment and the place of temporary files, which commands and libraries change."""
    before, temporary = dict(os.environ), tempfile.tempdir
    yield
    for name in os.environ.keys() - before.keys():
        del os.environ[name]
    os.environ.update(before)
    tempfile.tempdir = temporary


@pytest.fixture(autouse=True)
def _own_plugins() -> None:
    """Forget the plugins that the test before had installed."""
    installed_plugins.cache_clear()


@pytest.fixture
def toy_path(tmp_path: Path) -> Path:
    """A folder that, on the module path, installs the plugin ``emseg-toy``."""
    folder = tmp_path / "site"
    folder.mkdir()
    for file in (TESTS / "toy").glob("emseg_toy*.py"):
        (folder / file.name).write_bytes(file.read_bytes())
    _make_distribution(folder, "emseg-toy", {"toy": "emseg_toy"})
    return folder


@pytest.fixture
def toy(toy_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Install the plugin ``emseg-toy`` in this process; gives its folder."""
    monkeypatch.syspath_prepend(str(toy_path))
    yield toy_path
    for name in ("emseg_toy", "emseg_toy_parts"):
        sys.modules.pop(name, None)


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Install the plugin ``emseg-tiny``, a model with published weights, in this process."""
    site = tmp_path / "tiny"
    site.mkdir()
    for file in (TESTS / "toy").glob("emseg_tiny*.py"):
        (site / file.name).write_bytes(file.read_bytes())
    _make_distribution(site, "emseg-tiny", {"tiny": "emseg_tiny"})
    monkeypatch.syspath_prepend(str(site))
    yield
    for name in ("emseg_tiny", "emseg_tiny_parts"):
        sys.modules.pop(name, None)


@pytest.fixture
def runtime(tmp_path: Path) -> Runtime:
    return Runtime(device="cpu", cache=str(tmp_path / "cache"))


@pytest.fixture
def make_job(toy: Path, tmp_path: Path) -> MakeJob:
    """Plan one trial on toy data, and write it into its folder."""

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
        return write_job(Job(fingerprint=fingerprint, spec=spec, folder=tmp_path / place))

    return make


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str


Invoke = Callable[..., Done]


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in."""
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def invoke(work: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Invoke:
    """Run ``emseg-bench`` in this process, in an empty folder; workers are processes as ever."""
    from emseg_bench.cli import main

    monkeypatch.setenv("COLUMNS", "160")

    def run(*arguments: object) -> Done:
        capfd.readouterr()
        monkeypatch.setattr(sys, "argv", ["emseg-bench", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capfd.readouterr()
        return Done(int(ended.value.code or 0), out, err)

    return run


@pytest.fixture
def run_script(work: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Invoke:
    """Run ``python SCRIPT ARGUMENTS`` in this process, which has imported torch already, on one thread."""
    import torch

    def run(script: Path, *arguments: object) -> Done:
        monkeypatch.setattr(sys, "argv", [str(script), *map(str, arguments)])
        monkeypatch.syspath_prepend(str(script.parent))
        threads, code = torch.get_num_threads(), 0
        torch.set_num_threads(1)
        capfd.readouterr()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("default")
                runpy.run_path(str(script), run_name="__main__")
        except SystemExit as ended:
            code = int(ended.code or 0)
        finally:
            torch.set_num_threads(threads)
        return Done(code, *capfd.readouterr())

    return run


@pytest.fixture(scope="session", autouse=True)
def _timed_briefly() -> Iterator[None]:
    """Have the trials that this process starts time inference by few repeats."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(context, "PRELOADED", (*context.PRELOADED, "emseg_bench.testing.brief_timing"))
        yield


@pytest.fixture(scope="session")
def warm() -> Iterator[Path]:
    """The folder of an ``emseg-bench`` and a ``python`` that start in no time; on Linux only."""
    if sys.platform != "linux":
        yield Path(sys.executable).parent
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder, script = Path(temporary), TESTS / "warm.py"
        shim = runpy.run_path(str(script))["SHIM"].format(python=sys.executable, address=f"{folder}/socket")
        for name in ("emseg-bench", "python"):
            (folder / name).write_text(shim)
            (folder / name).chmod(0o700)
        with subprocess.Popen([sys.executable, script, f"{folder}/socket"], stdout=subprocess.PIPE) as server:
            assert server.stdout is not None
            assert server.stdout.readline() == b"ready\n"
            yield folder
            server.kill()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Where EMSEG_TESTS_MAY_SKIP is set, a test that skips for any other reason has failed."""
    report = yield
    allowed = os.environ.get("EMSEG_TESTS_MAY_SKIP")
    if allowed and report.skipped and not re.search(allowed, str(report.longrepr)):
        report.outcome = "failed"
        report.longrepr = f"may not be skipped here (only {allowed} may): {report.longrepr}"
    return report


class _AtOnce:
    """Says why a test failed when it fails: a run that is cut off would never come to its summary."""

    def __init__(self, terminal: pytest.TerminalReporter) -> None:
        self._terminal = terminal

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self._terminal.write_sep("-", f"{report.nodeid} failed at {report.when}")
            self._terminal.write_line(report.longreprtext)


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Have failures told at once where the run's output is seen."""
    terminal = config.pluginmanager.get_plugin("terminalreporter")
    if terminal and not hasattr(config, "workerinput"):
        config.pluginmanager.register(_AtOnce(terminal))
