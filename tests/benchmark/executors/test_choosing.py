"""Executors with options, given or from a site's or a user's file; and trials that run elsewhere."""

from __future__ import annotations

import json

import platformdirs
import pytest
from emseg_bench.benchmark.contracts.errors import UsageError
from emseg_bench.benchmark.executors import rehearsal, site
from emseg_bench.benchmark.executors.choosing import choose_executor
from emseg_bench.benchmark.plugins.loading import load_plugins
from emseg_bench.benchmark.profiling import precision
from emseg_bench.benchmark.profiling.hardware import believed_device, cpu_name
from emseg_bench.benchmark.profiling.precision import resolve_precision
from emseg_bench.plugin import Runtime


@pytest.fixture
def catalogue(toy):
    return load_plugins().catalogue


@pytest.fixture(autouse=True)
def folders(tmp_path, monkeypatch):
    """The site's and the user's folder of settings."""
    found = tmp_path / "site-config", tmp_path / "user-config"
    for folder, name in zip(found, ("site_config_path", "user_config_path"), strict=True):
        folder.mkdir()
        monkeypatch.setattr(platformdirs, name, lambda *_, folder=folder, **__: folder)
    monkeypatch.delenv(site.VARIABLE, raising=False)
    return found


def test_options_are_given_or_have_their_defaults(catalogue):
    plain, given = (choose_executor(text, catalogue) for text in ("toy-cluster", "toy-cluster[hours=0.5]"))
    assert plain.options == {"node": "n1", "hours": 4.0}
    assert (given.options, given.label) == ({"node": "n1", "hours": 0.5}, "toy-cluster[hours=0.5]")
    assert given.make(Runtime()).hours == 0.5
    assert choose_executor("local", catalogue).notes == ()


def test_what_is_given_wins_over_the_user_s_file_and_that_over_the_site_s(catalogue, folders):
    ours, mine = (folder / site.NAME for folder in folders)
    ours.write_text("local: {}\ntoy-cluster: {node: gpu7, hours: 8}\n")
    assert choose_executor("toy-cluster", catalogue).options == {"node": "gpu7", "hours": 8}
    mine.write_text("toy-cluster: {hours: 12}\n")
    both = choose_executor("toy-cluster", catalogue)
    assert both.options == {"node": "gpu7", "hours": 12}
    assert both.notes == (f"executor toy-cluster[hours=12,node=gpu7]; node by {ours}; hours by {mine}",)
    given = choose_executor("toy-cluster[hours=1]", catalogue)
    assert given.options == {"node": "gpu7", "hours": 1}
    assert given.notes == (f"executor toy-cluster[hours=1,node=gpu7]; node by {ours}",)


def test_the_environment_names_one_file_in_place_of_both(catalogue, folders, tmp_path, monkeypatch):
    (folders[0] / site.NAME).write_text("toy-cluster: {node: gpu7}\n")
    named = tmp_path / "named.yaml"
    monkeypatch.setenv(site.VARIABLE, str(named))
    with pytest.raises(UsageError, match="there is no such file"):
        choose_executor("toy-cluster", catalogue)
    named.write_text("")
    assert choose_executor("toy-cluster", catalogue).options["node"] == "n1"


@pytest.mark.parametrize(
    ("content", "gist"),
    [
        ("toy-cluser: {node: a}", "no executor is called 'toy-cluser'; did you mean 'toy-cluster'"),
        ("toy-cluster: {nod: a}", "toy-cluster.nod: there is no such key; did you mean 'node'"),
        ("toy-cluster: {hours: long}", "toy-cluster.hours: got 'long'"),
        ("toy-cluster: {hours: .nan}", "toy-cluster.hours: got nan"),
        ("toy-cluster: {hours: [1, 2]}", "expected options with one value each"),
        ("toy-cluster: 3", "expected options with one value each"),
        ("{toy-cluster: {1: 2}}", "expected options with one value each"),
        ("local: {node: a}", "local takes no options"),
        ("- toy-cluster", "holds list, expected executors with their options"),
        ("toy-cluster: {", "is not valid YAML"),
        ("toy-cluster: {node: a}\ntoy-cluster: {node: b}", "toy-cluster"),
    ],
)
def test_what_is_wrong_in_a_file_is_told_with_file_and_key(catalogue, folders, content, gist):
    path = folders[1] / site.NAME
    path.write_text(content)
    name = "local" if content.startswith("local") else "toy-cluster"
    with pytest.raises(UsageError) as caught:
        choose_executor(name, catalogue)
    assert gist in str(caught.value)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("text", "gist"),
    [
        ("toy-cluster[nodes=3]", "toy-cluster.nodes: there is no such key; did you mean 'node'"),
        ("toy-cluster[hours=many]", "toy-cluster.hours"),
        ("toy-cluster[hours", "as a executor"),
        ("local[gpus=1]", "local takes no options"),
        ("toy-clust", "did you mean 'toy-cluster'"),
    ],
)
def test_wrong_options_are_refused(catalogue, text, gist):
    with pytest.raises(UsageError, match=gist.replace("[", r"\[")):
        choose_executor(text, catalogue)


def test_precision_elsewhere_goes_by_the_device_s_name_alone(monkeypatch):
    monkeypatch.setattr(precision, "_has_bf16", None)  # whoever looks at this machine fails
    assert [resolve_precision("auto", name, elsewhere=True) for name in ("cpu", "cuda", "mps")] == [
        "fp32",
        "bf16",
        "fp32",
    ]
    assert resolve_precision("fp32", "cuda", elsewhere=True) == "fp32"


@pytest.mark.parametrize("name", ["auto", "cuda:1", "cuda:0,cuda:1", "tpu", ""])
def test_devices_elsewhere_are_named_plainly(name):
    with pytest.raises(UsageError, match="--device"):
        believed_device(name, "slurm")
    assert believed_device("cuda", "slurm") == "cuda"


RUN = ("run", "--models", "toy", "--datasets", "toy-data", "--threads", "1", "--recipe", "smoke")
SMALL = ("--set", "recipe.iterations=2", "--set", "recipe.crop=32", "--set", "recipe.batch_size=2")
ASKED = (*RUN, *SMALL, "--executor", "toy-cluster[hours=2]")


def test_a_gpu_elsewhere_is_planned_where_there_is_none_and_the_record_says_what_ran(
    toy, invoke, work, monkeypatch, folders
):
    (folders[0] / site.NAME).write_text("toy-cluster: {node: gpu7}\n")
    monkeypatch.setattr(rehearsal, "_check_memory", None)  # whoever weighs this machine fails
    done = invoke(*ASKED, "--device", "cuda")
    assert done.code == 0, done.err
    assert "executor toy-cluster[hours=2,node=gpu7]; node by" in done.out
    assert "precision auto is bf16 where trials run elsewhere on cuda" in " ".join(done.out.split())
    (path,) = work.glob("results/trials/*/record.json")
    record = json.loads(path.read_text())
    assert record["spec"]["recipe"]["precision"] == "bf16"
    assert (record["profile"]["device"], record["profile"]["memory_kind"]) == (cpu_name(), "process RSS")


def test_an_experiment_file_names_an_executor_and_the_command_line_wins(toy, invoke, work, monkeypatch):
    monkeypatch.setattr(rehearsal, "_ask", lambda questions: [None] * len(questions))
    (work / "e.yaml").write_text('executor: "toy-cluster[node=a]"\n')
    for more, label in (((), "[node=a]"), (("--executor", "toy-cluster"), "")):
        done = invoke("run", "e.yaml", *RUN[1:], *SMALL, *more, "--device", "cpu", "--dry-run", "--json")
        notes = json.loads(done.out)["notes"]
        assert f"executor toy-cluster{label}" in notes
    done = invoke("run", "e.yaml", *RUN[1:])
    assert (done.code, "--device cuda or --device cpu" in done.err) == (2, True)
    done = invoke("run", "e.yaml", *RUN[1:], *SMALL, "--device", "cuda", "--estimate", "--dry-run")
    assert (done.code, "--estimate times steps on this machine" in done.err) == (2, True)


def test_lists_and_descriptions_show_options_and_where_trials_run(toy, invoke):
    rows = {row["name"]: row for row in json.loads(invoke("list", "executors", "--json").out)}
    assert rows["toy-cluster"]["options"] == ["node", "hours"]
    assert [rows[name]["trials run"] for name in ("local", "toy-cluster")] == ["on this machine", "elsewhere"]
    described = json.loads(invoke("describe", "executor", "toy-cluster", "--json").out)
    assert described["elsewhere"] is True
    assert [(one["name"], one["default"]) for one in described["options"]] == [("node", "n1"), ("hours", 4.0)]


def test_no_executor_stands_in_the_place_of_a_file(toy, invoke):
    done = invoke("run", "toy-cluster[hours=1]")
    assert done.code == 2
    assert "write --executor toy-cluster[hours=1]" in done.err
