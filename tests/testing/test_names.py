"""What the names that people give stand for."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest
from emseg_bench.benchmark.contracts.cards import ExecutorCard
from emseg_bench.benchmark.contracts.errors import PluginError, UnknownNameError
from emseg_bench.benchmark.plugins.registry import Catalogue, Offer
from emseg_bench.testing import naming
from emseg_bench.testing.naming import find_targets


def named(text: str) -> list[str]:
    return [target.name for target in find_targets(text)]


def test_card_distribution_and_module_of_a_plugin(toy):
    assert named("toy-data") == ["dataset:toy-data"]
    assert named("model:toy") == ["model:toy"]
    whole = named("emseg-toy")
    assert whole[0] == "plugin:emseg_toy"
    assert {"model:toy", "model:toy-nan", "dataset:toy-data"} <= {*whole}
    assert whole == named("EMSEG_toy") == named("emseg_toy")


def test_folder_of_a_package_needs_no_dot_before_it(work, monkeypatch):
    (work / "my-net").mkdir()
    project = '[project]\nname = "my-net"\nversion = "1"\n[project.entry-points.emseg_bench]\nm = "my_net"\n'
    (work / "my-net/pyproject.toml").write_text(project)
    (work / "my-net/my_net.py").write_text("")
    monkeypatch.setattr("sys.path", [*sys.path])
    assert named("my-net") == ["plugin:my_net"]


def test_references_keep_their_options_and_places():
    assert named("synthetic-em[size=64]") == ["dataset:synthetic-em[size=64]"]
    assert named("folder:/data/x") == ["dataset:folder:/data/x"]


def test_name_that_two_plugins_claim_is_said_to_be_so(monkeypatch):
    catalogue = Catalogue()
    card = ExecutorCard(name="cluster", description="none", factory=print)
    for distribution in ("emseg-a", "emseg-b"):
        catalogue.executors.add(Offer(card, distribution, "1.0"))
    monkeypatch.setattr(naming, "load_plugins", lambda: SimpleNamespace(catalogue=catalogue))
    with pytest.raises(PluginError, match="claimed by emseg-a and emseg-b"):
        find_targets("cluster")


@pytest.mark.parametrize("name", ["no-such-card", "no_such_module", "", "@"])
def test_unknown_names_are_wrong_input(name):
    with pytest.raises(UnknownNameError, match="no plugin or card is called"):
        find_targets(name)
