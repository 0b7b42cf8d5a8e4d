"""Entry points and module folders of packages that are not installed."""

from __future__ import annotations

import re

import pytest
from emseg_bench.benchmark.contracts.errors import UsageError
from emseg_bench.testing.naming import is_path
from emseg_bench.testing.source_tree import read_tree

PROJECT = (
    '[project]\nname = "emseg-my"\nversion = "2.0"\n[project.entry-points.emseg_bench]\nmy = "my.plugin"\n'
)


def write(folder, project, package):
    (folder / package).mkdir(parents=True)
    (folder / "pyproject.toml").write_text(project)
    return read_tree(folder)


@pytest.mark.parametrize(
    ("package", "more"),
    [
        ("my", ""),
        ("src/my", ""),
        ("lib/my", '[tool.setuptools.packages.find]\nwhere = ["lib"]'),
        ("code/my", '[tool.setuptools]\npackage-dir = {"" = "code"}'),
    ],
)
def test_module_is_found_in_every_usual_layout(tmp_path, package, more):
    tree = write(tmp_path, PROJECT + more, package)
    assert tree.folders == (str((tmp_path / package).parent),)
    assert (tree.distribution, tree.version) == ("emseg-my", "2.0")
    assert [(point.name, point.module) for point in tree.entry_points] == [("my", "my.plugin")]


def test_file_is_a_plugin_of_its_own(tmp_path):
    file = tmp_path / "my_plugin.py"
    file.write_text("")
    tree = read_tree(file)
    assert (tree.distribution, tree.folders) == ("my_plugin", (str(tmp_path),))


@pytest.mark.parametrize(
    ("project", "package", "expected"),
    [
        (PROJECT, "other", "names the module my.plugin, which is not in"),
        ('[project]\nname = "a"\n', "my", "names no plugin; add [project.entry-points.emseg_bench]"),
        ("[project", "my", "is not TOML"),
    ],
)
def test_unusable_packages_say_why(tmp_path, project, package, expected):
    with pytest.raises(UsageError, match=re.escape(expected)):
        write(tmp_path, project, package)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (".", True),
        ("./a", True),
        ("a/b", True),
        ("a.py", True),
        ("/a", True),
        ("unet", False),
        ("folder:/a", False),
    ],
)
def test_paths_are_told_from_names(name, expected):
    assert is_path(name) is expected
