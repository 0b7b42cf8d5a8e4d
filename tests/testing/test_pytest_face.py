"""A plugin's author writes two lines and gets one test for each card and check."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

PLUGIN = """
from emseg_bench import hookimpl
from emseg_bench.plugin import MetricCard

def constant():
    return lambda case: [1.0] * len(case.class_names)

def broken():
    return lambda case: [1.0]

@hookimpl
def emseg_metrics():
    common = {"description": "none", "aggregation": "mean", "empty_rule": "1", "reference": "none"}
    return [
        MetricCard(name="my-constant", factory=constant, symmetric=True, **common),
        MetricCard(name="my-broken", factory=broken, **common),
    ]
"""

TEST = """
from emseg_bench.testing import contract

test_contract = contract("my_plugin")
"""


@pytest.mark.slow
def test_two_lines_give_a_test_per_card_and_check(work):
    (work / "my_plugin.py").write_text(PLUGIN)
    (work / "test_contract.py").write_text(TEST)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-rA", "-p", "no:cacheprovider"],
        cwd=work,
        capture_output=True,
        text=True,
    )
    report = {
        test: result
        for result, test in re.findall(
            r"^(PASSED|FAILED) test_contract\.py::test_contract\[(.*?)\]", done.stdout, re.M
        )
    }
    assert report["plugin:my_plugin-import_silent"] == "PASSED"
    assert report["metric:my-constant-symmetric"] == "PASSED"
    assert [test for test, result in report.items() if result == "FAILED"] == [
        "metric:my-broken-one_number_per_class",
        "metric:my-constant-worst",
    ]
    assert "metric:my-broken-range" not in report, "skipped, since another check reports the fault"
    assert "ContractError: got 1 number(s), expected 3, one per class. See MetricCard." in done.stdout


def test_nothing_but_the_test_itself_needs_pytest():
    code = "import sys, emseg_bench.testing\nassert not {'pytest', 'torch', 'numpy'} & set(sys.modules)"
    subprocess.run([sys.executable, "-P", "-c", code], check=True)
