"""Weights of trials that trained a part of a network: small files, read as the networks that they are."""

from __future__ import annotations

import json
from copy import deepcopy
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch
from emseg_bench.benchmark.contracts.errors import WeightsError, WeightsUnavailableError
from emseg_bench.benchmark.files.hashing import sha256_of_file
from emseg_bench.benchmark.files.store import TrialFolder
from emseg_bench.benchmark.plugins.loading import load_plugins
from emseg_bench.benchmark.predictions.network import build, find_weights
from emseg_bench.benchmark.training.regimes import Training
from emseg_bench.benchmark.trials import kept_weights
from emseg_bench.benchmark.trials.kept_weights import write_trained
from emseg_bench.benchmark.trials.parts import build_network, seed_everything
from emseg_bench.benchmark.trials.trial import run_trial
from emseg_bench.benchmark.weights.differences import difference
from emseg_bench.benchmark.weights.low_rank import Factors
from emseg_bench.benchmark.weights.reading import read_content
from emseg_bench.benchmark.weights.weight_info import WeightsInfo, WeightsStart, read_info, to_metadata
from safetensors.torch import load_file, save_file

HEAD = {"head.weight", "head.bias"}
POSITION = "encoder.position"
"""Which no file fills."""
LORA = HEAD | {POSITION, "encoder.mix.lora_A.weight", "encoder.mix.lora_B.weight"}
DATA = SimpleNamespace(channels=1, num_logits=1)
"""What of a manifest builds a network."""


@pytest.fixture
def published(toy):
    """Publish weights of the encoder of ``toy-begun``; gives their file."""
    import emseg_toy_parts

    torch.manual_seed(5)
    state = emseg_toy_parts.begun(1, 1).encoder.state_dict(prefix="encoder.")
    path = toy / "toy_published.safetensors"
    save_file({name: value for name, value in state.items() if name != POSITION}, path)
    return path


@pytest.fixture
def trained(published, make_job, tmp_path):
    """Train ``toy-begun`` two steps, and write it as a trial does; gives the file, and the whole state."""

    def run(train, init="published"):
        spec = make_job(f"toy-begun[train={train}]@{init}").spec
        seed_everything(spec.seed)
        network, _ = build_network(spec, load_plugins().catalogue, 1, 1)
        regime = Training(network, spec.model)
        optimiser = torch.optim.SGD([one for one in network.parameters() if one.requires_grad], 0.1)
        for _ in range(2):
            network.train()
            regime.hold_still()
            network(torch.randn(2, 1, 8, 8)).square().mean().backward()
            optimiser.step()
        factors, state = regime.finish(), deepcopy(network.state_dict())
        path = tmp_path / "weights.safetensors"
        info = WeightsInfo(model="toy-begun", num_logits=1, origin="a test", distribution="emseg-toy")
        write_trained(network, factors, spec, DATA, path, info)
        return path, state

    return run


def assert_equal(one, other):
    assert one.keys() == other.keys()
    for name, value in one.items():
        assert torch.equal(value, other[name]), name


@pytest.mark.parametrize(
    ("train", "kept"),
    [
        ("head", HEAD | {POSITION}),
        (
            "norm",
            HEAD
            | {POSITION}
            | {f"encoder.1.{name}" for name in ("weight", "bias", "running_mean", "running_var")}
            | {"encoder.1.num_batches_tracked"},
        ),
        ("lora[rank=2,alpha=3]", LORA),
    ],
)
def test_a_file_holds_what_training_changed_and_is_read_as_the_whole_network(trained, published, train, kept):
    path, state = trained(train)
    assert load_file(path).keys() == kept
    info = read_info(path)
    lora = train.startswith("lora")
    assert info.start == WeightsStart(
        init="published",
        file=published.name,
        sha256=sha256_of_file(published),
        adapted=("encoder.mix.weight",) if lora else (),
        scale=1.5 if lora else 1.0,
    )
    random = torch.get_rng_state()
    assert_equal(read_content(path), state)
    assert torch.equal(torch.get_rng_state(), random)
    network = build(find_weights(str(path), load_plugins().catalogue))
    assert_equal(network.state_dict(), state)


def test_trials_start_from_such_a_file_and_importing_makes_it_whole(trained, published, make_job, invoke):
    path, state = trained("lora")
    spec = make_job(f"toy-begun@file:{path}", folder="next").spec
    network, _ = build_network(spec, load_plugins().catalogue, 1, 1)
    assert_equal(network.state_dict(), state)

    assert invoke("weights", "import", path, "--as", "mine").code == 0
    published.unlink()
    found = find_weights("mine", load_plugins().catalogue)
    assert found.info.start is None
    assert_equal(read_content(found.path), state)


@pytest.mark.parametrize("train", ["all", "head"])
@pytest.mark.parametrize("start", ["scratch", "file"])
def test_files_are_whole_where_nobody_gives_the_start_again(trained, tmp_path, train, start):
    import emseg_toy_parts

    own = tmp_path / "own.safetensors"
    save_file(emseg_toy_parts.begun(1, 1).state_dict(), own)
    path, state = trained(train, f"file:{own}" if start == "file" else start)
    assert read_info(path).start is None
    assert_equal(load_file(path), state)


def test_a_file_is_whole_where_its_start_has_gone_meanwhile(trained, published, monkeypatch):
    def gone(spec, *others):
        published.unlink()
        return build_network(spec, *others)

    monkeypatch.setattr(kept_weights, "build_network", gone)
    path, state = trained("head")
    assert read_info(path).start is None
    assert_equal(load_file(path), state)


def test_a_trial_leaves_such_a_file(published, make_job, runtime):
    job = make_job("toy-begun[train=lora[rank=2]]@published")
    run_trial(job, runtime, lambda event: None)
    path = TrialFolder(job.folder).weights
    assert read_info(path).start.adapted == ("encoder.mix.weight",)
    assert load_file(path).keys() == LORA
    assert "encoder.mix.weight" in read_content(path)


def test_a_start_that_is_not_here_or_another_is_told(trained, published):
    path, _ = trained("head")
    sha256 = sha256_of_file(published)
    content = published.read_bytes()
    published.unlink()
    gist = rf"only what training changed of toy-begun@published.*{sha256}.*are not here; put them there"
    with pytest.raises(WeightsUnavailableError, match=gist):
        read_content(path)
    published.write_bytes(content + b" ")
    with pytest.raises(
        WeightsError, match=rf"{sha256}.*in its place.*{sha256_of_file(published)}.*weights import"
    ):
        read_content(path)


@pytest.mark.parametrize(
    ("change", "name"),
    [
        (lambda state: state.update({"other.weight": torch.zeros(1)}), r"other\.weight"),
        (lambda state: state.update({"head.bias": torch.zeros(7)}), r"head\.bias"),
        (lambda state: state.pop("encoder.mix.lora_B.weight"), r"encoder\.mix\.weight"),
        (
            lambda state: state.update({"encoder.mix.lora_A.weight": torch.zeros(2, 9)}),
            r"encoder\.mix\.weight",
        ),
    ],
)
def test_what_is_none_of_the_network_is_told(trained, change, name):
    path, _ = trained("lora[rank=2]")
    info, state = read_info(path), load_file(path)
    change(state)
    save_file(state, path, to_metadata(info))
    with pytest.raises(WeightsError, match=rf"its {name} is none of that network"):
        read_content(path)


def test_an_initialisation_that_is_no_more_is_told(trained):
    path, _ = trained("head")
    info, state = read_info(path), load_file(path)
    save_file(state, path, to_metadata(replace(info, start=replace(info.start, init="gone"))))
    with pytest.raises(WeightsError, match=r"toy-begun@gone, and the model has no such weights"):
        read_content(path)


# ------------------------------------------------------------------------------------- difference
def test_weights_that_factors_do_not_give_are_kept_whole():
    begun = {"a.weight": torch.zeros(2, 2), "b.weight": torch.zeros(2, 2), "c.weight": torch.ones(2, 2)}
    factors = Factors(torch.ones(1, 2), torch.ones(2, 1), 0.5)
    state = {"a.weight": torch.full((2, 2), 0.5), "b.weight": torch.ones(2, 2), "c.weight": torch.ones(2, 2)}
    kept, adapted = difference(state, begun, {"a.weight": factors, "b.weight": factors})
    assert adapted == ("a.weight",)
    assert kept.keys() == {"a.lora_A.weight", "a.lora_B.weight", "b.weight"}


def test_whole_files_say_nothing_of_a_start(trained):
    path, _ = trained("head")
    told = to_metadata(replace(read_info(path), start=None))
    assert "start" not in json.loads(told["emseg_bench"])
