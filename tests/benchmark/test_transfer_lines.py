"""What is written of a transfer where there is no terminal."""

from __future__ import annotations

import io

import pytest
from emseg_bench.cli.transfer import MIB, show_transfer
from rich.console import Console


@pytest.mark.parametrize(("total", "line"), [(4 * MIB, "vnc: 1.0 of 4.0 MiB"), (0, "vnc: 1.0 MiB so far")])
def test_lines_say_how_much_came_and_of_what_as_far_as_it_is_known(total, line):
    written = io.StringIO()
    with show_transfer("vnc", Console(file=written), "converted") as meter:
        meter.total = total
        meter.update(MIB)
        meter.close()
    assert written.getvalue().splitlines() == [line, "vnc: converted"]
