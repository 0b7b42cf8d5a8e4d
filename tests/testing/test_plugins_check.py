"""``emseg-bench plugins check``: what it takes, what it prints, and what a plugin cannot do to it."""

from __future__ import annotations

import json

import pytest

PLUGIN = """
from emseg_bench import hookimpl
from emseg_bench.plugin import MetricCard

COMMON = {"description": "for tests", "aggregation": "mean", "empty_rule": "1", "reference": "none"}

@hookimpl
def emseg_metrics():
    names = ("constant", "dies", "exits", "hangs")
    return [MetricCard(name=f"my-{name}", factory=f"my_parts:{name}", **COMMON) for name in names]
"""

PARTS = """
import os, sys, time

def constant():
    print("noise that must not reach the table")
    return lambda case: [1.0] * len(case.class_names)

def dies():
    print("last words", flush=True)
    os._exit(7)

def hangs():
    time.sleep(600)

def exits():
    sys.exit("bye")
"""

PROJECT = """
[project]
name = "emseg-my"
version = "2.0"

[project.entry-points.emseg_bench]
my = "my_plugin"
"""


@pytest.fixture
def package(work):
    """Write a package that is not installed."""
    source = work / "my-package" / "src"
    source.mkdir(parents=True)
    (source / "my_plugin.py").write_text(PLUGIN)
    (source / "my_parts.py").write_text(PARTS)
    (source.parent / "pyproject.toml").write_text(PROJECT)
    return source.parent


def results(out: str) -> dict[tuple[str, str], tuple[str, str]]:
    return {(o["subject"], o["check"]): (o["status"], o["message"]) for o in json.loads(out)}


@pytest.mark.slow
def test_package_that_is_not_installed_whatever_it_does(invoke, package):
    done = invoke("plugins", "check", "./my-package", "--timeout", "10", "--json")
    assert done.code == 1
    found = results(done.out)
    first = "one number per class"
    failed = {key: message for key, (status, message) in found.items() if status == "failed"}
    assert set(failed) == {
        ("metric:my-constant", "worst"),
        *((f"metric:my-{name}", first) for name in ("dies", "exits", "hangs")),
    }
    assert failed["metric:my-dies", first] == "the process ended with exit code 7: last words"
    assert failed["metric:my-hangs", first] == "it had not ended after 10 s (--timeout)"
    assert "SystemExit: bye (my_parts.py, line " in failed["metric:my-exits", first]
    assert found["plugin:my_plugin", "import silent"] == ("passed", "")
    assert found["metric:my-dies", "range"] == ("blocked", "not checked: another check ended the process")
    assert found["metric:my-constant", "order independent"] == ("passed", "")
    assert "checking metric:my-hangs" in done.err


@pytest.mark.slow
def test_plugin_that_ends_the_process_when_it_is_loaded(invoke, work):
    (work / "deadly.py").write_text("import os\nprint('last words', flush=True)\nos._exit(7)\n")
    done = invoke("plugins", "check", "./deadly.py")
    assert done.code == 1
    assert "./deadly.py fails 'loading': the process ended with exit code 7: last words" in done.out
    assert done.out.rstrip().endswith("0 passed, 1 failed.")


@pytest.mark.slow
def test_built_in_cards_of_one_name_or_kind(invoke):
    done = invoke("plugins", "check", "metric:iou", "synthetic-em[size=64,train=2,val=1,test=1]")
    assert done.code == 0
    assert "metric:iou" in done.out
    assert "splits disjoint" in done.out
    assert done.out.rstrip().endswith("29 passed, 0 failed.")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("no-such-thing", "no plugin or card is called 'no-such-thing'"),
        ("metric:iuo", "did you mean 'iou'"),
        ("synthetic-em[width=3]", "synthetic-em.width: there is no such key"),
        ("./nowhere", "expected a folder with a pyproject.toml or a module's .py file"),
    ],
)
def test_what_cannot_be_found_is_wrong_input(invoke, name, expected):
    done = invoke("plugins", "check", name)
    assert done.code == 2
    assert expected in done.err
    assert done.out == ""


@pytest.mark.slow
def test_what_was_checked_before_a_wrong_name_is_not_lost(invoke):
    done = invoke("plugins", "check", "iou", "no-such-thing")
    assert done.code == 2
    assert "metric:iou" in done.out
    assert done.out.rstrip().endswith(" passed, 0 failed.")
