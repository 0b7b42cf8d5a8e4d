"""References: what people may write, and what they are told when they write something else."""

from __future__ import annotations

import pytest
from emseg_bench.benchmark.contracts.errors import UsageError
from emseg_bench.benchmark.plugins.references import (
    DatasetReference,
    ModelReference,
    label,
    parse_dataset,
    parse_model,
    split_list,
    written,
)
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("retina", ModelReference("retina")),
        ("retina@scratch", ModelReference("retina", {}, "scratch")),
        ("unet[encoder=resnet50]@imagenet", ModelReference("unet", {"encoder": "resnet50"}, "imagenet")),
        ("retina@file:/a/b c:d.pt", ModelReference("retina", {}, "file", "/a/b c:d.pt")),
        ("m[a=1,b=x]", ModelReference("m", {"a": "1", "b": "x"})),
        (
            "m[a=lora[rank=4,alpha=8],b=[[1],2]x]@scratch",
            ModelReference("m", {"a": "lora[rank=4,alpha=8]", "b": "[[1],2]x"}, "scratch"),
        ),
        (r"m[a=\[1\,b=x]", ModelReference("m", {"a": "[1,b=x"})),
    ],
)
def test_models(text, expected):
    assert parse_model(text) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected NAME"),
        ("a b", "expected NAME"),
        ("unet[encoder]", "expected OPTION=VALUE"),
        ("unet[encoder=]", "expected OPTION=VALUE"),
        ("unet[a=1,]", "empty item"),
        ("unet[encoder=x", "expected NAME"),
        ("unet[encoder=x[y]", "expected NAME"),
        ("unet[encoder=[[[[[x]]]]]]", "expected NAME"),
        ("unet@imagenet:/x", "only 'file' takes a path"),
        ("unet@file", "expected a path"),
    ],
)
def test_wrong_models(text, message):
    with pytest.raises(UsageError, match=message):
        parse_model(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("synthetic-em", DatasetReference("synthetic-em")),
        ("folder:/data/x y", DatasetReference("folder", {}, "/data/x y")),
        ("synthetic-em[size=128]", DatasetReference("synthetic-em", {"size": "128"})),
        ("folder:C:/data", DatasetReference("folder", {}, "C:/data")),
    ],
)
def test_datasets(text, expected):
    assert parse_dataset(text) == expected


def test_wrong_dataset():
    with pytest.raises(UsageError, match="expected NAME"):
        parse_dataset("[x]")


def test_lists_are_split_outside_brackets():
    assert split_list("a,b[x=1,y=2], c@file:/p") == ["a", "b[x=1,y=2]", "c@file:/p"]
    assert split_list("a[x=l[y=1,z=2],w=3]@scratch,b") == ["a[x=l[y=1,z=2],w=3]@scratch", "b"]
    with pytest.raises(UsageError, match="empty item"):
        split_list("a,,b")


names = st.from_regex(r"[a-z][a-z0-9-]{0,8}", fullmatch=True)


@given(names, st.dictionaries(names, names, max_size=3))
def test_a_label_is_read_back(name, options):
    reference = parse_model(label(name, options))
    assert (reference.name, dict(reference.options)) == (name, options)


values = st.text(st.sampled_from("ab1=.:@,[]"), min_size=1, max_size=12)


@given(names, st.dictionaries(names, values, min_size=1, max_size=3))
def test_what_is_written_is_read_back_alone_and_in_a_list(name, options):
    text = written(name, options)
    assert dict(parse_model(text).options) == options
    assert split_list(f"{text},b") == [text, "b"]


def test_brackets_with_partners_take_no_backslash():
    assert written("retina", {"train": "lora[alpha=8,rank=4]"}) == "retina[train=lora[alpha=8,rank=4]]"
    assert written("x", {"a": "b,c[d,e]f]"}) == r"x[a=b\,c\[d\,e\]f\]]"
    assert written("x", {"a": "b,c[d,e]f"}) == r"x[a=b\,c[d,e]f]"
