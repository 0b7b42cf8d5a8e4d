"""YAML and JSON from outside: what is right is read as it stands, what is out of bounds meets a sentence."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
import yaml
from emseg_bench.benchmark.contracts.errors import DataError, EmsegError, UsageError
from emseg_bench.benchmark.files import texts
from emseg_bench.benchmark.files.texts import check_levels, parse_json, parse_yaml, read_json, read_yaml
from hypothesis import given
from hypothesis import strategies as st

SECONDS = 20
"""On a busy machine; each takes well below one."""

SCALARS = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | st.text()
DATA = st.recursive(
    SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(min_size=1), inner), max_leaves=30
)
Parser = Callable[[str, str], object]


def bomb(levels: int) -> str:
    first = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    rest = (f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, levels))
    return first + "".join(rest)


def merges(levels: int) -> str:
    first = "a0: &a0 {x0: 1, y0: 1}\n"
    rest = (f"a{i}: &a{i} {{<<: [{', '.join([f'*a{i - 1}'] * 9)}], x{i}: 1}}\n" for i in range(1, levels))
    return first + "".join(rest)


HOSTILE_YAML = {
    "aliases of aliases": (bomb(12), "more than 200,000 values"),
    "merges of merges": (merges(9), "more than 200,000 values"),
    "an alias within itself": ("&a [*a]", "stands within what it stands for"),
    "an alias of nothing": ("a: *b", "undefined alias"),
    "20,000 lists": ("[" * 20_000 + "]" * 20_000, "more than 60 levels deep"),
    "two million open lists": ("[" * 2_000_000, "more than 60 levels deep"),
    "deep blocks": ("\n".join(" " * i + "a:" for i in range(2000)), "more than 60 levels deep"),
    "a million values": ("[" + "a," * 1_000_000 + "]", "more than 200,000 values"),
    "five megabytes": ("a: " + "x" * 5_000_000, "expected at most 4,194,304"),
    "a date that never was": ("a: 2025-02-30", "day is out of range"),
    "a time zone that never was": ("2001-12-14t21:59:43.10-99:99", "offset must be"),
    "10,000 digits": ("a: " + "9" * 10_000, "a number of 10,000 characters"),
    "10,000 hexadecimal digits": ("a: 0x" + "f" * 10_000, "a number of 10,002 characters"),
    "a million minutes": ("a: 1" + ":1" * 1_000_000, "a number of 2,000,001 characters"),
    "a point after minutes": ("a: 1" + ":1" * 100_000 + ".5", "a number of 200,003 characters"),
    "a key twice": ("a: 1\na: 2", "the key 'a' stands twice"),
    "a list as key": ("{[a]: b}", "unhashable key"),
    "two documents": ("--- a\n--- b", "expected a single document"),
    "NUL": ("a: \0", "#x0000"),
    "half a character": ('a: "\\ud800"', "invalid Unicode character"),
    "no UTF-8": (b"a: \xff", "byte 3 is no UTF-8"),
    "code": ("!!python/object/apply:os.system ['true']", "python/object/apply:os.system"),
    "a time by tag": ("!!timestamp 'x'", "the tag 'tag:yaml.org,2002:timestamp' stands there"),
    "a number by tag": ("!!int ''", "tag:yaml.org,2002:int"),
    "an own tag": ("a: !own {}", "the tag '!own' stands there"),
    "no mapping to merge": ("<<: 3", "expected a mapping"),
    "cut short": ("models: [unet", "line 1"),
    "a tab": ("a:\n\t- b", "line 2"),
}

HOSTILE_JSON = {
    "200,000 lists": ("[" * 200_000 + "]" * 200_000, "too deep"),
    "200,000 mappings": ('{"a":' * 200_000 + "1" + "}" * 200_000, "too deep"),
    "61 lists": ("[" * 61 + "]" * 61, "more than 60 levels deep"),
    "open lists": ("[" * 1_000_000, ""),
    "eleven million values": ("[" + "1," * 11_000_000 + "1]", "about 11,000,001 values"),
    "10,000 digits": ("9" * 10_000, "more than 300 digits"),
    "a long fraction": ("0." + "9" * 10_000, "more than 300 digits"),
    "nothing": ("", "Expecting value"),
    "cut short": ('{"a": ', "Expecting value"),
    "no UTF-8": (b'{"a": "\xff"}', "byte 7 is no UTF-8"),
    "control characters": ('{"a": "\x1b[31m"}', "Invalid control character"),
    "YAML": ("a: b", "Expecting value"),
}


def refused(parse: Parser, text: str | bytes, words: str) -> None:
    begun = time.monotonic()
    with pytest.raises(UsageError) as failure:
        parse(text, "there", UsageError)  # type: ignore[arg-type,call-arg]
    assert time.monotonic() - begun < SECONDS
    told = str(failure.value)
    assert told.startswith("there is not valid ")
    assert words in told
    assert len(told) < 600
    assert "\n" not in told
    assert told.isprintable()


@pytest.mark.parametrize(("text", "words"), HOSTILE_YAML.values(), ids=HOSTILE_YAML)
def test_hostile_yaml_is_refused(text: str | bytes, words: str) -> None:
    refused(parse_yaml, text, words)


@pytest.mark.parametrize(("text", "words"), HOSTILE_JSON.values(), ids=HOSTILE_JSON)
def test_hostile_json_is_refused(text: str | bytes, words: str) -> None:
    refused(parse_json, text, words)


def test_without_the_compiled_parser_the_bounds_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    from emseg_bench.benchmark.files import yaml_loading

    monkeypatch.setattr(yaml_loading, "_Base", yaml.SafeLoader)
    for text, words in (HOSTILE_YAML["aliases of aliases"], HOSTILE_YAML["20,000 lists"]):
        refused(parse_yaml, text, words)


@given(DATA)
def test_json_is_read_as_it_stands(data: object) -> None:
    assert parse_json(json.dumps(data), "there") == data
    assert parse_json(json.dumps(data).encode(), "there") == data


@given(DATA)
def test_yaml_is_read_as_pyyaml_reads_it(data: object) -> None:
    written = yaml.safe_dump(data, allow_unicode=True)
    assert parse_yaml(written, "there") == yaml.safe_load(written)


@given(st.text() | st.binary())
def test_any_text_is_data_or_a_sentence(text: str | bytes) -> None:
    for parse in (parse_yaml, parse_json):
        try:
            parse(text, "there")
        except DataError as refusal:
            assert str(refusal).isprintable()  # noqa: PT017 - whether it is raised is open


@pytest.mark.parametrize("text", ["a: &x [1, 2]\nb: *x", "base: &b {k: 1}\nown: {<<: *b, l: 2}", "", "~"])
def test_what_people_write_with_anchors_is_read(text: str) -> None:
    assert parse_yaml(text, "there") == yaml.safe_load(text)


def test_a_mark_of_byte_order_is_no_part_of_the_text() -> None:
    assert parse_yaml(b"\xef\xbb\xbfa: 1", "there") == {"a": 1}
    assert parse_json(b"\xef\xbb\xbf[1]", "there") == [1]


@pytest.mark.parametrize("read", [read_yaml, read_json])
def test_files_that_are_none_are_refused(read: Callable[..., object], tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "nothing", Path("/dev/zero"), Path("a\0b"), Path("a" * 5000)):
        with pytest.raises(EmsegError) as refusal:
            read(path, UsageError)
        assert isinstance(refusal.value, UsageError)
        assert len(str(refusal.value)) < 600


def test_a_file_of_too_many_bytes_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "big.yaml"
    with path.open("wb") as file:
        file.truncate(1 << 40)  # sparse
    for read in (read_yaml, read_json):
        with pytest.raises(DataError, match="is larger than"):
            read(path)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["", " ", "x", ".", "٣", "e" * 301]),
            st.one_of(st.integers(0, 20), st.integers(296, 306), st.integers(598, 606), st.just(5000)),
        ),
        max_size=12,
    )
)
def test_a_number_without_end_is_found_wherever_it_begins(pieces: list[tuple[str, int]]) -> None:
    text = "".join(f"{between}{'0123456789' * 500}"[: len(between) + digits] for between, digits in pieces)
    found = re.search(r"[0-9]{301}", text)
    if found is None:
        with suppress(DataError):  # for another reason
            parse_json(text, "here")
        return
    with pytest.raises(DataError, match=f"a number at character {found.start():,} has more than 300 digits"):
        parse_json(text, "here")


def test_levels_are_counted_in_lists_and_mappings() -> None:
    data: object = 0
    for _ in range(texts.MOST_LEVELS):
        data = [data] if isinstance(data, dict) else {"a": data}
    check_levels(data)
    with pytest.raises(ValueError, match="more than 60 levels"):
        check_levels([data])
