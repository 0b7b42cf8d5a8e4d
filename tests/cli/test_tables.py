"""Tables in the terminal: they fit, and no number is broken."""

from __future__ import annotations

import pytest
from emseg_bench.cli.tables import print_table, say
from rich.console import Console

NARROW = [{"rank": "1", "model": "unet@scratch", "mean\niou": "0.612 ± 0.021"}]
WIDE = [NARROW[0] | {"mitochondria": "0.700", "membrane": "0.500", "training\n(s)": "22.1"}]


@pytest.mark.parametrize(("columns", "wide"), [(100, True), (50, False)])
def test_the_widest_version_that_fits_is_shown(monkeypatch, capsys, columns, wide):
    monkeypatch.setenv("COLUMNS", str(columns))
    print_table(WIDE, NARROW, title="a title")
    out = capsys.readouterr().out
    assert "a title" in out
    assert "0.612 ± 0.021" in out
    assert "unet@scratch" in out
    assert ("mitochondria" in out) is wide
    assert max(map(len, out.splitlines())) <= columns


def test_long_names_make_room_for_numbers(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "60")
    name = "retina[hidden=768]@file:weights.safetensors"
    costs = {"params\n(M)": "105.3", "latency\n(ms)": "1,240.5", "memory\n(MiB)": "1163"}
    print_table([{"rank": "1=", "model": name, "mean\niou": "0.612 ± 0.021", **costs}])
    out = capsys.readouterr().out
    for number in ("1=", "0.612 ± 0.021", *costs.values()):
        assert f" {number} " in out
    assert max(map(len, out.splitlines())) <= 60


def test_brackets_are_shown(capsys):
    print_table([{"nsd[tolerance_nm=5]": "0.5 [b]"}])
    out = capsys.readouterr().out
    assert "nsd[tolerance_nm=5]" in out
    assert "0.5 [b]" in out


def test_no_rows_no_failure(capsys):
    print_table([])
    assert capsys.readouterr().out.strip() == ""


@pytest.mark.parametrize(("terminal", "lines"), [(True, 3), (False, 1)])
def test_sentences_wrap_between_words_in_a_terminal_only(capsys, terminal, lines):
    say(Console(width=30, force_terminal=terminal, color_system=None), "one two three four five " * 3)
    printed = capsys.readouterr().out.splitlines()
    assert len(printed) == lines
    assert not any(line.startswith(("ne", "wo", "hree", "our", "ive")) for line in printed)
