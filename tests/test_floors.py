"""The house: every room stands on a floor, no import runs up, and no files import each other in a circle."""

import ast
import tomllib
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import emseg_bench
import pytest

ROOT = Path(emseg_bench.__file__).parent
FLOORS = [
    "contracts",
    "files",
    "images",
    "plugins",
    "evaluation",
    "weights",
    "profiling",
    "experiments",
    "training",
    "trials",
    "sharing",
    "predictions",
    "executors",
    "costs",
    "tuning",
    "papers",
    "models",
    "datasets",
    "pretraining",
    "reports",
    "exporting",
    "testing",
    "api",
    "cli",
]
"""From the ground up; rooms import from rooms that stand before them."""
ENGINE = FLOORS[: FLOORS.index("papers")]


def name_of(file: Path) -> str:
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def room_of(module: str) -> str:
    first, _, rest = module.partition(".")
    return rest.partition(".")[0] if first == "benchmark" else first


def sources() -> Iterator[Path]:
    for top in ("benchmark", *FLOORS[len(ENGINE) :]):
        yield from (file for file in (ROOT / top).rglob("*.py") if "templates" not in file.parts)


def imports_of(file: Path, modules: Mapping[str, Path]) -> Iterator[str]:
    """Name our own modules that a file imports, wherever in it, and for types too."""
    package = name_of(file).split(".") if file.name == "__init__.py" else name_of(file).split(".")[:-1]
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = [*package[: len(package) - node.level + 1], *filter(None, [node.module])]
            for alias in node.names:
                inner = ".".join([*base, alias.name])
                yield inner if inner in modules else ".".join(base)


@pytest.fixture(scope="module")
def house() -> Mapping[str, set[str]]:
    """Give what each module imports."""
    modules = {name_of(file): file for file in sources()}
    return {module: {*imports_of(file, modules)} for module, file in modules.items()}


def test_the_engine_is_rooms_and_nothing_else():
    assert [file.name for file in (ROOT / "benchmark").glob("*.py")] == ["__init__.py"]
    assert {folder.parent.name for folder in (ROOT / "benchmark").glob("*/__init__.py")} == {*ENGINE}


def test_every_folder_is_installed():
    repository = Path(__file__).parents[1]
    told = tomllib.loads((repository / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    rooms = ("benchmark", *FLOORS[len(ENGINE) :])
    files = (file for room in rooms for file in (repository / room).rglob("*.py"))
    folders = {file.parent.relative_to(repository) for file in files if "templates" not in file.parts}
    assert {".".join(("emseg_bench", *folder.parts)) for folder in folders} <= {*told}


def test_no_import_runs_up_a_floor(house):
    up = [
        f"{module} imports {other}"
        for module, others in house.items()
        for other in others
        if room_of(other) in FLOORS and FLOORS.index(room_of(other)) > FLOORS.index(room_of(module))
    ]
    assert up == []


def test_no_files_import_each_other_in_a_circle(house):
    graph = {module: others - {module} for module, others in house.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))
