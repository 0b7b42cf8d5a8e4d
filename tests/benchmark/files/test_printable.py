"""Text for terminals: nothing harmful is left, nothing harmless is touched, nothing is lost."""

from __future__ import annotations

import json
import unicodedata

import pytest
from emseg_bench.benchmark.files.printable import brief, printable, printable_json
from emseg_bench.cli.cells import columns
from emseg_bench.cli.terminal import PLAINLY, plainly
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("ünï–漢±", "ünï–漢±"),
        ("\x1b[31m", "\\x1b[31m"),
        ("\x9b31m", "\\x9b31m"),
        ("a\u202eb", "a\\u202eb"),
        ("a\nb\tc\rd", "a\\nb\\tc\\rd"),
        ("\udcff", "\\xff"),
        ("\ud800", "\\ud800"),
        ("\U000e0041", "\\U000e0041"),
        ("zero\u200cwidth", "zero\u200cwidth"),
    ],
)
def test_what_is_shown(text: str, shown: str) -> None:
    assert printable(text) == shown


@given(st.text(st.characters()))
def test_nothing_harmful_is_left(text: str) -> None:
    assert not {"Cc", "Cs", "Zl", "Zp"} & {unicodedata.category(char) for char in printable(text)}
    kept = printable(text, lines=True)
    assert {char for char in kept if unicodedata.category(char) == "Cc"} <= {"\n", "\t"}
    kept.encode()


@given(st.text(max_size=2000))
def test_what_is_long_is_cut_in_its_middle(text: str) -> None:
    assert len(brief(text.replace("\n", " "), 100)) <= 101 * 10
    if len(text) <= 100:
        assert brief(text, 100) == printable(text)


@given(st.text(st.characters(exclude_categories=["Cs"])), st.sampled_from(["ascii", "latin-1", "cp437"]))
def test_no_encoding_fails(text: str, encoding: str) -> None:
    import codecs

    codecs.register_error(PLAINLY, plainly)
    text.encode(encoding, PLAINLY)
    assert "a – b ± c".encode("ascii", PLAINLY) == b"a - b +/- c"


def test_columns_keep_their_widths() -> None:
    head, row = columns([{"name": "\x1b[31mx", "other": "y"}])
    assert head.index("other") == row.index("y")
    assert "\x1b" not in row


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_json_means_the_same_and_harms_nobody(text: str) -> None:
    written = printable_json(json.dumps({"a": text}, indent=1, ensure_ascii=False))
    assert json.loads(written) == {"a": text}
    assert printable(written, lines=True) == written
