"""Loading plugins: real fake distributions, every way in which one can be broken."""

from __future__ import annotations

import sys
from dataclasses import is_dataclass
from importlib.metadata import distributions
from pathlib import Path

import pytest
from emseg_bench.benchmark.contracts import MetricCard, ModelCard
from emseg_bench.benchmark.errors import PluginError, UnknownNameError
from emseg_bench.benchmark.plugins import Plugins, load_plugins

CARD = """
from emseg_bench import hookimpl
from emseg_bench.benchmark.contracts import ModelCard

def card(name, factory="torch.nn:Identity", **more):
    needed = dict(family="cnn", description="d", citation="c", licence="l")
    return ModelCard(name=name, factory=factory, **{**needed, **more})
"""


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make_distribution):
    """Install distributions with one plugin module each; give what loading them finds."""
    monkeypatch.syspath_prepend(str(tmp_path))
    modules: list[str] = []

    def load(**sources: str) -> Plugins:
        for name, source in sources.items():
            (tmp_path / f"{name}.py").write_text(CARD + source)
            make_distribution(tmp_path, name.replace("_", "-"), {"plugin": name})
            modules.append(name)
        return load_plugins(
            point for dist in distributions(path=[str(tmp_path)]) for point in dist.entry_points
        )

    yield load
    for name in modules:
        sys.modules.pop(name, None)


GOOD = "@hookimpl\ndef emseg_models():\n    return [card('good')]\n"


def test_good_plugin(install):
    catalogue = install(good=GOOD).catalogue
    offer = catalogue.find(catalogue.models, "good")
    assert (offer.distribution, offer.version) == ("good", "1.0")
    assert offer.source.name == "good.py"
    assert catalogue.problems == []


@pytest.mark.parametrize(
    ("source", "where", "what"),
    [
        ("import no_such_module", "import", "ModuleNotFoundError: No module named 'no_such_module'"),
        ("raise SystemExit('bye')", "import", "SystemExit: bye"),
        ("def broken(", "import", "SyntaxError"),
        (
            "@hookimpl\ndef emseg_models():\n    raise RuntimeError('oh no')",
            "emseg_models",
            "RuntimeError: oh no",
        ),
        ("@hookimpl\ndef emseg_models():\n    raise SystemExit(3)", "emseg_models", "SystemExit: 3"),
        (
            "@hookimpl\ndef emseg_models():\n    return 'text'",
            "emseg_models",
            "returned str, expected a list",
        ),
        ("@hookimpl\ndef emseg_models():\n    return None", "emseg_models", "returned NoneType"),
        ("@hookimpl\ndef emseg_models():\n    return [3]", "emseg_models", "a int where a ModelCard"),
        ("@hookimpl\ndef emseg_metrics():\n    return [card('x')]", "emseg_metrics", "where a MetricCard"),
        ("@hookimpl\ndef emseg_models():\n    return [card('a,b')]", "emseg_models", "name 'a,b'"),
        ("@hookimpl\ndef emseg_models():\n    return [card('')]", "emseg_models", "name ''"),
        (
            "@hookimpl\ndef emseg_models():\n    return [card('all')]",
            "emseg_models",
            "may not be called 'all'",
        ),
        (
            "@hookimpl\ndef emseg_models():\n    return [card('x', 'nowhere')]",
            "emseg_models",
            "factory is 'nowhere'",
        ),
        ("@hookimpl\ndef emseg_model():\n    return []", "registration", "no hook called emseg_model"),
        ("@hookimpl\ndef emseg_models(extra):\n    return []", "registration", "extra"),
        ("@hookimpl(wrapper=True)\ndef emseg_models():\n    yield", "registration", "is a wrapper"),
        ("def __dir__():\n    raise RuntimeError('no looking')", "registration", "no looking"),
        (
            "@hookimpl\ndef emseg_models():\n    return [card('x', size_divisor=0)]",
            "emseg_models",
            "x's size_divisor is 0, expected at least 1",
        ),
        (
            "@hookimpl\ndef emseg_models():\n    return [card('x', size_divisor='32')]",
            "emseg_models",
            "x's size_divisor is '32', expected int",
        ),
        (
            "@hookimpl\ndef emseg_models():\n    return [card('x', initialisations=('scratch',))]",
            "emseg_models",
            "x's initialisations are ('scratch',), expected a tuple of at least one Initialisation",
        ),
        (
            "@hookimpl\ndef emseg_models():\n    return [card('x', family='CNN')]",
            "emseg_models",
            "x's family is 'CNN', expected Literal['cnn', 'transformer', 'hybrid']",
        ),
        (
            "@hookimpl\ndef emseg_models():\n    return [card('x', options=dict)]",
            "emseg_models",
            "x's options are the class dict, expected a frozen dataclass",
        ),
    ],
)
def test_bad_plugin_is_reported_and_stops_no_other(install, source, where, what):
    catalogue = install(bad=source, good=GOOD).catalogue
    (problem,) = catalogue.problems
    assert (problem.distribution, problem.where) == ("bad", where)
    assert what in problem.what
    assert problem.remedy
    assert [card.name for card in catalogue.models] == ["good"]
    with pytest.raises(UnknownNameError, match="bad"):
        catalogue.find(catalogue.models, "missing")


def test_valid_cards_beside_an_invalid_one_count(install):
    catalogue = install(mixed="@hookimpl\ndef emseg_models():\n    return [card('fine'), 3]").catalogue
    assert [card.name for card in catalogue.models] == ["fine"]
    assert len(catalogue.problems) == 1


def test_disputed_name_belongs_to_nobody(install):
    catalogue = install(one=GOOD, other=GOOD, third=GOOD.replace("'good'", "'fine'")).catalogue
    assert len(catalogue.problems) == 1
    assert "already claimed by one" in catalogue.problems[0].what
    with pytest.raises(PluginError, match="claimed by one and by other; uninstall one"):
        catalogue.find(catalogue.models, "good")
    assert catalogue.find(catalogue.models, "fine").distribution == "third"


def test_built_in_name_stays_built_in(make_distribution, tmp_path, monkeypatch):
    (tmp_path / "emseg_thief.py").write_text(CARD + GOOD.replace("'good'", "'unet'"))
    make_distribution(tmp_path, "a-thief", {"plugin": "emseg_thief"})
    monkeypatch.syspath_prepend(str(tmp_path))
    catalogue = load_plugins().catalogue
    sys.modules.pop("emseg_thief")
    assert catalogue.find(catalogue.models, "unet").distribution == "emseg-bench"
    (problem,) = catalogue.problems
    assert "'unet' is already claimed by emseg-bench" in problem.what
    assert "emseg-bench keeps it" in problem.remedy


def test_remains_of_an_uninstallation_stop_nothing(install, tmp_path):
    for folder, metadata in {
        "gone-1.2.dist-info": None,
        "torn-3.dist-info": "Metadata-Version: 2.1\n",
    }.items():
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "entry_points.txt").write_text("[emseg_bench]\nplugin = emseg_gone\n")
        if metadata:
            (tmp_path / folder / "METADATA").write_text(metadata)
    plugins = install(good=GOOD)
    assert [card.name for card in plugins.catalogue.models] == ["good"]
    assert [(one.distribution, one.version) for one in plugins.loaded] == [
        ("gone", "1.2"),
        ("good", "1.0"),
        ("torn", "3"),
    ]
    for problem in plugins.catalogue.problems:
        assert problem.what.endswith("ModuleNotFoundError: No module named 'emseg_gone'")


def test_plugin_that_was_refused_hears_nothing(install):
    source = (
        "@hookimpl\ndef emseg_trial_finished(record):\n    raise RuntimeError\n\n"
        "@hookimpl\ndef emseg_trial_started(mood):\n    pass\n"
    )
    plugins = install(refused=source)
    assert plugins.trial_finished(None) == []
    assert [(one.distribution, one.hooks) for one in plugins.loaded] == [("refused", ())]


def test_unknown_name_says_what_is_near(install):
    catalogue = install(good=GOOD).catalogue
    with pytest.raises(UnknownNameError, match="no model is called 'goood'; did you mean 'good'"):
        catalogue.find(catalogue.models, "goood")


def test_own_plugins_have_no_problems():
    catalogue = load_plugins().catalogue
    assert catalogue.problems == []
    assert {"retina", "unet"} <= {card.name for card in catalogue.models}
    assert {"synthetic-em", "folder"} <= {card.name for card in catalogue.datasets}
    assert {"iou", "dice", "hd95", "object-f1", "ece"} <= {card.name for card in catalogue.metrics}


@pytest.mark.parametrize("kind", ["models", "datasets", "metrics", "executors", "report_sections"])
def test_own_cards_are_complete(kind):
    for card in getattr(load_plugins().catalogue, kind):
        for field in ("description", "citation", "licence", "reference", "title"):
            assert getattr(card, field, "text"), (card.name, field)
        assert isinstance(card.factory, str) or is_dataclass(card.factory), "built-ins are lazy"
        if isinstance(card, ModelCard):
            assert card.parameters
        if isinstance(card, MetricCard):
            assert card.empty_rule
            assert card.aggregation
