"""Loading plugins: real fake distributions, every way in which one can be broken."""

from __future__ import annotations

import sys
from dataclasses import is_dataclass
from importlib.metadata import distributions, version
from pathlib import Path

import pytest
from emseg_bench.benchmark.contracts.cards import MetricCard, ModelCard
from emseg_bench.benchmark.contracts.errors import PluginError, UnknownNameError
from emseg_bench.benchmark.contracts.hookspecs import INTERFACE
from emseg_bench.benchmark.plugins.interfaces import requirement_misfits
from emseg_bench.benchmark.plugins.loading import Plugins, _origin, load_plugins

CARD = """
from emseg_bench import hookimpl
from emseg_bench.plugin import ModelCard

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

UNKNOWN_FIELD = """
odd = card("odd", paramters=3, colour="red")

@hookimpl
def emseg_models():
    return [card("even"), odd]

@hookimpl
def emseg_metrics():
    return []
"""


def test_an_unknown_field_costs_its_card_alone(install):
    catalogue = install(odd=UNKNOWN_FIELD).catalogue
    assert "even" in catalogue.models.offers
    assert "odd" not in catalogue.models.offers
    (problem,) = catalogue.problems
    assert "ModelCard 'odd' has the field 'paramters'" in problem.what
    assert "did you mean parameters?" in problem.what
    assert "the field 'colour', which emseg-bench" in problem.what
    assert problem.remedy.startswith("Update emseg-bench if the field is newer")


@pytest.mark.parametrize(
    ("said", "what", "remedy"),
    [
        (
            "(99, 0)",
            "written for the plugin interface 99.0, and this emseg-bench has 1.",
            "Update emseg-bench",
        ),
        ("(1, 999)", "written for the plugin interface 1.999", "Update emseg-bench"),
        ("(0, 9)", "interface 0.9, of which 1.2 has changed something", "Update interface"),
        ("'1.0'", "EMSEG_INTERFACE is '1.0', expected two numbers such as (1, 2)", "Correct it"),
    ],
)
def test_another_interface_is_told(install, said, what, remedy):
    catalogue = install(interface=f"EMSEG_INTERFACE = {said}\n{GOOD}").catalogue
    (problem,) = catalogue.problems
    assert what in problem.what
    assert problem.remedy.startswith(remedy)
    assert "good" in catalogue.models.offers


def test_the_interface_of_today_is_not_told(install):
    major, minor = INTERFACE
    catalogue = install(interface=f"EMSEG_INTERFACE = ({major}, {minor})\n{GOOD}").catalogue
    assert catalogue.problems == []


@pytest.mark.parametrize(
    ("requirement", "told"),
    [
        ("emseg-bench>=99", "it requires emseg-bench >=99, and this is VERSION. Update emseg-bench."),
        ("EMSEG.bench[x]>=99", "it requires emseg-bench >=99, and this is VERSION. Update emseg-bench."),
        ("emseg_bench<0.0.1", "it requires emseg-bench <0.0.1, and this is VERSION. Update wanting."),
        ("emseg-bench ==0.0.1.*", "it requires emseg-bench ==0.0.1.*, and this is VERSION. Update wanting."),
        ("emseg-bench !!", "its requirement 'emseg-bench !!' cannot be read. Reinstall or update wanting."),
        ("emseg-bench>=0.0.1", None),
        ("emseg-bench>=99; python_version < '3'", None),
        ("emseg-bench-extras>=99", None),
    ],
)
def test_a_required_version_is_compared(install, tmp_path, requirement, told):
    install(wanting=GOOD)
    (metadata,) = tmp_path.glob("wanting*.dist-info/METADATA")
    metadata.write_text(f"{metadata.read_text().rstrip()}\nRequires-Dist: {requirement}\n")
    problems = [f"{problem.what}. {problem.remedy}" for problem in install().catalogue.problems]
    assert problems == ([told.replace("VERSION", version("emseg-bench"))] if told else [])


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
        ("@hookimpl\ndef emseg_model():\n    return []", "emseg_model", "did you mean emseg_models?"),
        ("@hookimpl\ndef unheard():\n    return []", "unheard", "there is no hook of that name"),
        (
            "@hookimpl\ndef emseg_models(extra):\n    return []",
            "emseg_models",
            "the arguments extra, known are",
        ),
        ("@hookimpl(wrapper=True)\ndef emseg_models():\n    yield", "emseg_models", "is a wrapper"),
        ("def emseg_models():\n    return []", "emseg_models", "is not marked with @hookimpl"),
        ("emseg_models = [card('x')]", "emseg_models", "is a list, expected a function that is marked"),
        (
            "import functools\nemseg_models = hookimpl(functools.partial(list))",
            "emseg_models",
            "is not marked with @hookimpl as a function",
        ),
        (
            "import pluggy\n@pluggy.HookimplMarker('emseg-bench')\ndef emseg_models():\n    return []",
            "emseg_models",
            "is not marked with @hookimpl",
        ),
        (
            "def emseg_metric():\n    return []",
            "emseg_metric",
            "no hook of that name (did you mean emseg_metrics?)",
        ),
        ("def helper():\n    return []", "registration", "it implements no hook"),
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
        (
            "@hookimpl\ndef emseg_models():\n    return [card('x', search_space={'size': 3})]",
            "emseg_models",
            "x's search_space has 'size', expected some of its options",
        ),
        (
            "@hookimpl\ndef emseg_models():\n    return [card('x', search_space=['size'])]",
            "emseg_models",
            "x's search_space is ['size'], expected Mapping[str, Parameter]",
        ),
        (
            "@hookimpl\ndef emseg_models():\n    return [card('x', context=17)]",
            "emseg_models",
            "x's context is 17, expected a whole number from 0 to 16",
        ),
        (
            "@hookimpl\ndef emseg_models():\n    return [card('x', backbone=('encoder.', ''))]",
            "emseg_models",
            "x's backbone is ('encoder.', ''), expected beginnings of parameters' names",
        ),
        (
            "from dataclasses import make_dataclass\n@hookimpl\ndef emseg_models():\n"
            "    return [card('x', options=make_dataclass('Options', [('train', str, 'all')]))]",
            "emseg_models",
            "x has an option called 'train', which every model has",
        ),
        (
            "from dataclasses import make_dataclass\n@hookimpl\ndef emseg_models():\n"
            "    return [card('x', options=make_dataclass('Options', [('context', int, 0)]))]",
            "emseg_models",
            "x has an option called 'context', which every model has",
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
    with pytest.raises(PluginError, match="claimed by one and other; uninstall one"):
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


class Gone:
    """Remains of an uninstallation as importlib-metadata, the package, has them."""

    _path = Path("gone-1.2.dist-info")

    @property
    def metadata(self):
        raise FileNotFoundError

    requires = metadata


def test_remains_are_known_by_their_folder_s_name_whoever_reads_them():
    assert _origin(Gone()) == ("gone", "1.2")
    assert [*requirement_misfits(Gone())] == []


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


FAULTY = {
    "unmarked": "def emseg_trial_started(trial):\n    raise RuntimeError\n",
    "misspelt": "@hookimpl\ndef emseg_trial_startet(trial):\n    raise RuntimeError\n",
    "wrapping": "@hookimpl(wrapper=True)\ndef emseg_trial_started():\n    raise RuntimeError\n    yield\n",
    "asking": "@hookimpl\ndef emseg_trial_started(mood):\n    raise RuntimeError\n",
}


@pytest.mark.parametrize("fault", FAULTY)
def test_hook_that_is_not_called_costs_the_plugin_s_other_hooks_nothing(install, fault):
    source = (
        f"{FAULTY[fault]}\n{GOOD}\n@hookimpl\ndef emseg_trial_finished(record):\n    raise RuntimeError\n"
    )
    plugins = install(partly=source)
    assert [card.name for card in plugins.catalogue.models] == ["good"]
    assert len(plugins.catalogue.problems) == 1
    assert plugins.trial_started("0", None) == []
    assert len(plugins.trial_finished(None, None)) == 1
    assert [one.hooks for one in plugins.loaded] == [("emseg_models", "emseg_trial_finished")]


def test_functions_that_only_begin_like_hooks_are_none_of_ours(install):
    source = (
        f"import types\nemseg_datasets = types.ModuleType('x')\ndef emseg_draw_cells():\n    pass\n{GOOD}"
    )
    assert install(good=source).catalogue.problems == []


def test_class_in_place_of_its_instance_is_told(install):
    source = "class Mine:\n    @hookimpl\n    def emseg_models(self):\n        return []\n"
    plugins = install(good=GOOD + source)
    plugins.register(sys.modules["good"].Mine, "mine", "mine", "1")
    (problem,) = plugins.catalogue.problems
    assert "it wants the arguments self" in problem.what
    assert problem.remedy == "Name an instance of the class Mine in the entry point."


def test_name_that_one_plugin_registers_twice_is_its_author_s_to_mend(install):
    catalogue = install(
        twice=GOOD.replace("[card('good')]", "[card('good'), card('good'), card('other')]")
    ).catalogue
    (problem,) = catalogue.problems
    assert problem.what == "it registers the model name 'good' twice"
    with pytest.raises(PluginError, match=r"'good' is registered 2 times by twice itself.*update twice"):
        catalogue.find(catalogue.models, "good")
    assert catalogue.find(catalogue.models, "other").distribution == "twice"


def test_all_who_claim_a_name_are_named(install):
    twice = GOOD.replace("[card('good')]", "[card('good'), card('good')]")
    catalogue = install(a=twice, b=GOOD).catalogue
    with pytest.raises(PluginError, match=r"claimed by a \(twice\) and b; uninstall one of them"):
        catalogue.find(catalogue.models, "good")


def test_name_that_something_stored_needs_is_told_with_its_package(install):
    catalogue = install(good=GOOD).catalogue
    with pytest.raises(
        UnknownNameError, match=r"lost came from the package emseg-lost.*pip install emseg-lost"
    ):
        catalogue.find(catalogue.models, "lost", "emseg-lost")
    with pytest.raises(UnknownNameError) as raised:
        catalogue.find(catalogue.models, "lost", "emseg-bench")
    assert "pip install" not in str(raised.value)


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
        named_by_itself = isinstance(card, MetricCard) and card.title is None
        for field in (
            "description",
            "citation",
            "licence",
            "reference",
            *(["title"] * (not named_by_itself)),
        ):
            assert getattr(card, field, "text"), (card.name, field)
        assert isinstance(card.factory, str) or is_dataclass(card.factory), "built-ins are lazy"
        if isinstance(card, ModelCard):
            assert card.parameters
        if isinstance(card, MetricCard):
            assert card.empty_rule
            assert card.aggregation
