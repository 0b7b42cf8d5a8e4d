"""What belongs to a plugin: whatever of it is edited, its trials get another fingerprint."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

import pytest
from emseg_bench.benchmark.contracts.errors import PluginError
from emseg_bench.benchmark.files.file_hashes import sha256_of_large_file
from emseg_bench.benchmark.files.hashing import sha256_of_file
from emseg_bench.benchmark.plugins import provider_files
from emseg_bench.benchmark.plugins.provider_files import sha256_of_distribution

PLUGIN = """
from emseg_bench import hookimpl
from emseg_bench.plugin import ModelCard

@hookimpl
def emseg_models():
    return [ModelCard(name="linear", family="cnn", description="one", factory="em_net:create",
                      citation="none", licence="MIT")]
"""
MODULES = {
    "em_plugin.py": PLUGIN,
    "em_net.py": "import em_helper\n\ndef create(**options): ...\n",
    "em_helper.py": "WIDTH = 8\n",
    "em_data/__init__.py": "",
    "em_data/table.json": "[1]",
}


def write(folder: Path) -> None:
    for name, text in MODULES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


@pytest.fixture(params=["installed", "editable", "editable without top-level names", "no record"])
def plugin(request, tmp_path, monkeypatch, make_distribution):
    """The plugin in one of the ways that it may be installed; gives the folder of its modules."""
    site, project = tmp_path / "site", tmp_path / "project"
    info = make_distribution(site, "em-plugin", {"linear": "em_plugin"})
    modules = project if request.param.startswith("editable") else site
    write(modules)
    (modules / "results").mkdir()  # what a run leaves belongs to no plugin
    if request.param == "installed":
        lines = [*(f"{name},," for name in MODULES), f"{info.name}/RECORD,,", "em_gone.py,,"]
        (info / "RECORD").write_text("\n".join(lines))
    elif request.param != "no record":
        (info / "direct_url.json").write_text(
            json.dumps({"url": project.as_uri(), "dir_info": {"editable": True}})
        )
        (info / "RECORD").write_text("em.pth,,\n")
        (site / "em.pth").write_text(f"{project}\n")
        monkeypatch.syspath_prepend(str(project))
        if request.param == "editable":
            (info / "top_level.txt").write_text("em_plugin\nem_net\nem_helper\nem_data\n")
    monkeypatch.syspath_prepend(str(site))
    yield modules
    for name in ("em_plugin", "em_net", "em_helper", "em_data"):
        sys.modules.pop(name, None)


def hash_now() -> str:
    from emseg_bench.benchmark.plugins.asked import provider_of
    from emseg_bench.benchmark.plugins.loading import load_plugins

    catalogue = load_plugins().catalogue
    return provider_of(catalogue.find(catalogue.models, "linear")).source_sha256


@pytest.mark.parametrize("name", ["em_plugin.py", "em_net.py", "em_helper.py", "em_data/table.json"])
def test_every_file_counts(plugin, name):
    before = hash_now()
    assert hash_now() == before
    file = plugin / name
    content = file.read_text()
    file.write_text(f"{content} ")
    assert hash_now() != before
    file.write_text(content)
    assert hash_now() == before


def test_what_a_run_leaves_does_not_count(plugin):
    before = hash_now()
    (plugin / "results" / "record.json").write_text("{}")
    (plugin / "em_data" / "__pycache__").mkdir()
    (plugin / "em_data" / "__pycache__" / "x.pyc").write_text("")
    assert hash_now() == before


def test_installed_and_editable_are_the_same(tmp_path, monkeypatch, make_distribution):
    hashes = []
    for number, editable in enumerate((False, True)):
        site = tmp_path / str(number)
        info = make_distribution(site, f"em-{number}", {"linear": "em_plugin"})
        write(site)
        (info / "RECORD").write_text("\n".join(f"{name},," for name in MODULES))
        if editable:
            (info / "direct_url.json").write_text(
                json.dumps({"url": site.as_uri(), "dir_info": {"editable": True}})
            )
            (info / "RECORD").write_text("em.pth,,\n")
            (site / "em.pth").write_text(f"{site}\n")
        monkeypatch.syspath_prepend(str(site))
        hashes.append(sha256_of_distribution(f"em-{number}"))
    assert hashes[0] == hashes[1] is not None


def test_too_many_files_are_refused(plugin, monkeypatch):
    monkeypatch.setattr(provider_files, "MOST_FILES", 2)
    with pytest.raises(PluginError, match=r"more than 2 files.*keep data out of the package"):
        hash_now()


def test_large_files_are_hashed_once(tmp_path):
    file = tmp_path / "weights"
    file.write_bytes(bytes(2 << 20))
    before = time.time() - 60
    os.utime(file, (before, before))
    first = sha256_of_large_file(file)
    assert first == sha256_of_file(file)
    changed = b"\1" + bytes((2 << 20) - 1)
    file.write_bytes(changed)
    os.utime(file, (before, before))  # an edit that hides; the file system knows
    assert sha256_of_large_file(file) == sha256_of_file(file) != first
