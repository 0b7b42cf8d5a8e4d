"""What a plugin does when it is imported is seen from a fresh interpreter."""

from __future__ import annotations

import sys

import pytest
from emseg_bench.testing.naming import find_targets
from emseg_bench.testing.running import run_check

HOOK = "from emseg_bench import hookimpl\n"
SOUND = f"{HOOK}@hookimpl\ndef emseg_trial_finished(record):\n    print(record)\n"
CALL = (
    "import socket\ntry:\n    socket.create_connection(('192.0.2.1', 80), 0.1)\nexcept OSError:\n    pass\n"
)

FAULTS = {
    "import": "import no_such_module",
    "hooks": f"{HOOK}@hookimpl\ndef emseg_models():\n    return 'unet'",
    "import without torch": f"{SOUND}import torch",
    "import time": f"{SOUND}import time\ntime.sleep(0.25)",
    "import silent": f"{SOUND}print('hello')",
    "import offline": f"{SOUND}{CALL}",
}


def failing(file) -> dict[str, str]:
    (target,) = (one for one in find_targets(str(file)) if one.name.startswith("plugin:"))
    bench = target.open()
    outcomes = [run_check(check, target.name, bench) for check in target.checks]
    return {one.check: one.message for one in outcomes if one.status == "failed"}


@pytest.fixture
def module(tmp_path, monkeypatch, request):
    """Write a module's file, found by this process until the test ends."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    name = f"emseg_fault_{abs(hash(request.node.name))}"

    def write(source):
        file = tmp_path / f"{name}.py"
        file.write_text(f"{source}\n")
        return file

    yield write
    sys.modules.pop(name, None)


@pytest.mark.parametrize(("expected", "source"), FAULTS.items(), ids=FAULTS)
def test_fault_is_caught_by_its_check(module, expected, source):
    assert [*failing(module(source))] == [expected]


def test_exit_at_import_is_a_failed_import(module):
    (message,) = failing(module("import sys\nsys.exit('bye')")).values()
    assert message.startswith("got SystemExit: bye")


def test_interpreter_that_dies_at_import_is_a_failed_import(module):
    # in a function, so that this process, which loads the plugin too, lives
    dying = "import os, sys\nif any('import_probe' in a for a in sys.orig_argv):\n    os._exit(3)"
    (message,) = failing(module(dying)).values()
    assert "the interpreter ended with exit code 3" in message


def test_sound_module_fails_nothing(module):
    assert failing(module(SOUND)) == {}
