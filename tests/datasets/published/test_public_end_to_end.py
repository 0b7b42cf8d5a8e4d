"""Every published dataset on fakes of its files: fetched, verified, divided, checked, trained on."""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from itertools import combinations
from pathlib import Path
from types import ModuleType

import pytest
from emseg_bench.benchmark.contracts.cards import DatasetCard
from emseg_bench.benchmark.contracts.data import Manifest
from emseg_bench.benchmark.contracts.published import RemoteFile
from emseg_bench.benchmark.contracts.running import Job, Runtime
from emseg_bench.benchmark.experiments.experiment import build_experiment
from emseg_bench.benchmark.experiments.opening import open_dataset
from emseg_bench.benchmark.experiments.planning import make_plan
from emseg_bench.benchmark.plugins.loading import load_plugins
from emseg_bench.benchmark.plugins.references import parse_dataset
from emseg_bench.benchmark.trials.trial import run_trial
from emseg_bench.datasets import plugin
from emseg_bench.datasets.fetching.store import DataStore
from emseg_bench.datasets.published.cards import MODULES, PUBLIC
from emseg_bench.testing.naming import find_targets
from emseg_bench.testing.running import run_check

MODULE_OF = {card.name: module.__name__.rpartition(".")[2] for module in MODULES for card in module.CARDS}
LABELLED = [card.name for card in PUBLIC if card.convert is not None]
UNLABELLED = [card.name for card in PUBLIC if card.convert is None]
TINY = ("recipe.iterations=2", "recipe.batch_size=2", "recipe.crop=32", "recipe.precision=fp32")


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@dataclass(frozen=True)
class Site:
    """A web server with the fake files, a folder for each module."""

    folder: Path
    port: int

    def address(self, name: str) -> str:
        return f"http://127.0.0.1:{self.port}/{MODULE_OF[name]}/"

    def card(self, card: DatasetCard) -> DatasetCard:
        """Give a card whose published checksums are those of the fake files."""
        return replace(card, files=tuple(self._file(card.name, file) for file in card.files))

    def _file(self, name: str, file: RemoteFile) -> RemoteFile:
        data = (self.folder / MODULE_OF[name] / file.name).read_bytes()
        hashes = {kind: hashlib.new(kind, data).hexdigest() for kind in ("sha256", "md5")}
        return replace(file, **{kind: hashes[kind] for kind in hashes if getattr(file, kind)})


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, load_fake: Callable[[str], ModuleType]) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    for card in PUBLIC:
        place = folder / MODULE_OF[card.name]
        if card.files and not place.exists():
            place.mkdir()
            load_fake(MODULE_OF[card.name]).make(place)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield Site(folder, server.server_port)
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The cache folder of this file's tests: what one has fetched the others find."""
    return tmp_path_factory.mktemp("kept")


@pytest.fixture
def fetch(
    site: Site, kept: Path, invoke: Callable[..., object], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., str]:
    """Return a function that fetches a dataset that is not here, and first what it is made of."""
    monkeypatch.setenv("EMSEG_BENCH_CACHE", str(kept))
    cards = tuple(map(site.card, PUBLIC))
    monkeypatch.setattr(plugin, "PUBLIC", cards)
    derived_from = {card.name: card.derived_from for card in cards}

    def run(name: str, *, again: bool = False) -> str:
        if DataStore(kept).has_arrays(name) and not again:
            return ""
        for other in derived_from[name]:
            run(other)
        mirror = () if derived_from[name] else ("--url", site.address(name))
        done = invoke("data", "fetch", name, *mirror)
        assert done.code == 0, done.err
        return done.out

    return run


def manifest_of(asked: str, kept: Path) -> Manifest:
    reference = parse_dataset(asked)
    catalogue = load_plugins().catalogue
    return open_dataset(reference, catalogue.find(catalogue.datasets, reference.name), kept).manifest


@pytest.mark.parametrize("name", LABELLED)
def test_fetch_and_verify(name, fetch, invoke):
    fetch(name)
    assert f"{name} is already here" in fetch(name, again=True)
    done = invoke("data", "verify", name)
    assert done.code == 0, done.out + done.err


@pytest.mark.parametrize("name", LABELLED)
def test_splits(name, fetch, kept):
    fetch(name)
    (card,) = [card for card in PUBLIC if card.name == name]
    manifest = manifest_of(name, kept)
    assert (manifest.dataset, manifest.class_names) == (name, card.classes)
    assert manifest.voxel_size_nm == card.voxel_size_nm
    assert all(manifest.split(split) for split in ("train", "val", "test"))
    assert len({case.sha256 for case in manifest.cases}) == len(manifest.cases)
    for one, other in combinations(manifest.cases, 2):
        if one.split != other.split and one.group == other.group and None not in (one.section, other.section):
            assert abs(one.section - other.section) > 1, (one.id, other.id)


@pytest.mark.parametrize("name", LABELLED)
def test_splits_that_published_work_used(name, fetch, kept):
    fetch(name)
    (card,) = [card for card in PUBLIC if card.name == name]
    for split in set(re.findall(r"split=([\w-]+)", " ".join(card.used_in))):
        manifest = manifest_of(f"{name}[split={split}]", kept)
        assert manifest.cases
        assert manifest.split_rule != manifest_of(name, kept).split_rule


@pytest.mark.parametrize("name", LABELLED)
def test_contract(name, fetch):
    fetch(name)
    (target,) = find_targets(f"dataset:{name}")
    bench = target.open()
    outcomes = [run_check(check, target.name, bench) for check in target.checks]
    assert len(outcomes) > 10
    assert [outcome for outcome in outcomes if outcome.status != "passed"] == []


@pytest.mark.slow
@pytest.mark.parametrize("name", LABELLED)
def test_trial(name, fetch, kept, toy, tmp_path):
    fetch(name)
    asked = {"models": ["toy"], "datasets": [name], "seeds": [0]}
    plan = make_plan(
        build_experiment(None, asked, list(TINY)), load_plugins().catalogue, device="cpu", cache=kept
    )
    ((fingerprint, spec),) = plan.trials.items()
    job = Job(fingerprint=fingerprint, spec=spec, folder=tmp_path / "trial")
    record = run_trial(job, Runtime(device="cpu", cache=str(kept)), lambda event: None)
    assert record.status == "complete"
    assert record.class_names == manifest_of(name, kept).class_names


@pytest.mark.parametrize("name", UNLABELLED)
def test_images_without_labels_pretrain(name, fetch, invoke, kept):
    fetch(name)
    done = invoke("data", "verify", name)
    assert done.code == 0, done.out + done.err
    done = invoke("pretrain", "--images", name, "--recipe", "smoke", "--dry-run")
    assert done.code == 0, done.err
    images = [*DataStore(kept).files(name).rglob("*.tiff")]
    assert f"on {len(images)} images" in done.out
    done = invoke("run", "--models", "unet", "--datasets", name, "--dry-run")
    assert done.code == 2
    assert f"pretrain --images {name}" in done.err


def test_every_dataset_is_tried():
    assert {*LABELLED, *UNLABELLED} == {card.name for card in plugin.emseg_datasets() if card in PUBLIC}
    assert len(MODULE_OF) == len(PUBLIC)
