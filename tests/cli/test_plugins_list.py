"""``emseg-bench plugins list``: who offers what, what is slow, what failed and why."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest
from emseg_bench.cli import plugin_listing

HEAD = "from emseg_bench import hookimpl\nfrom emseg_bench.plugin import ModelCard\n"
MODEL = (
    "@hookimpl\ndef emseg_models():\n    return [ModelCard(name=name, family='cnn', description='d',"
    " factory='torch.nn:Identity', citation='c', licence='l') for name in NAMES]\n"
)
PLUGINS = {
    "good": "NAMES = ['good-one', 'good-two']\n" + MODEL,
    "half": "NAMES = ['unet', 'half-one']\n" + MODEL,
    "broken": "import no_such_module",
    "slow": "import time\ntime.sleep(0.25)\n@hookimpl\ndef emseg_trial_finished(record):\n    pass\n",
    "empty": "",
}


@pytest.fixture
def plugins(tmp_path, monkeypatch, make_distribution):
    for name, source in PLUGINS.items():
        (tmp_path / f"emseg_list_{name}.py").write_text(HEAD + source)
        make_distribution(tmp_path, f"list-{name}", {"plugin": f"emseg_list_{name}"}, version="2.5")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield
    for name in PLUGINS:
        sys.modules.pop(f"emseg_list_{name}", None)


def test_json_tells_everything(plugins, invoke):
    done = invoke("plugins", "list", "--json")
    assert done.code == 0, done.err
    rows = {row["distribution"]: row for row in json.loads(done.out)}
    assert next(iter(rows)) == "emseg-bench"
    assert "unet" in rows["emseg-bench"]["offers"]["model"]
    assert rows["emseg-bench"]["offers"]["executor"] == ["local", "ray", "slurm"]
    good = rows["list-good"]
    assert good["version"] == "2.5"
    assert good["offers"] == {"model": ["good-one", "good-two"]}
    assert not good["problems"]
    assert rows["list-half"]["offers"] == {"model": ["half-one"]}
    assert "'unet' is already claimed by emseg-bench" in rows["list-half"]["problems"][0]["what"]
    assert rows["list-broken"]["offers"] == {}
    assert rows["list-broken"]["problems"][0]["where"] == "import"
    slow = rows["list-slow"]
    assert slow["slow"]
    assert slow["import_ms"] > 250
    assert slow["trial_events"] == ["emseg_trial_finished"]


def test_text_can_be_searched_line_by_line(plugins, invoke, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    lines = invoke("plugins", "list").out.splitlines()
    assert "list-good 2.5" in lines
    assert "  2 models: good-one, good-two" in lines
    assert "  3 executors: local, ray, slurm" in lines
    assert "  hears emseg_trial_finished" in lines
    assert any("it implements no hook, so nothing comes of it" in line for line in lines)
    (slow,) = [line for line in lines if line.startswith("  SLOW")]
    assert "every command waits for it" in slow
    failed = [line for line in lines if line.startswith("  FAILED")]
    assert any(
        "(import): importing emseg_list_broken failed with ModuleNotFoundError" in line for line in failed
    )


def test_terminal_wraps_at_80_columns(plugins, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    plugin_listing.list_()
    lines = re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().out).splitlines()
    assert max(map(len, lines)) <= 80
    assert any(line.startswith("  FAILED (import)") for line in lines)


def test_no_heavy_library_is_imported(plugins):
    script = (
        "import sys; sys.argv = ['emseg-bench', 'plugins', 'list', '--json']\n"
        "from emseg_bench.cli import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print(sorted({'torch', 'numpy', 'pandas', 'pydantic'} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stderr.strip().splitlines()[-1] == "[]"
