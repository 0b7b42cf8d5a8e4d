"""What an options dataclass tells people."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le, Lt, MinLen, MultipleOf
from emseg_bench.benchmark.plugins.option_docs import OptionDoc, describe_options


@dataclass(frozen=True)
class Base:
    width: Annotated[int, Ge(1), Le(9), MultipleOf(2)] = 4
    """How wide;
    in pixels."""


@dataclass(frozen=True)
class Options(Base):
    """Not the words of a field."""

    given: Annotated[str, MinLen(1)] = field(kw_only=True)
    kind: Literal["a", "b"] = "a"
    """Which."""
    share: Annotated[float, Gt(0), Lt(1)] | None = None
    many: str = field(default_factory=lambda: "x")


def test_options_are_described() -> None:
    width, given, kind, share, many = describe_options(Options)
    assert width == OptionDoc(
        name="width",
        type="int",
        default=4,
        constraints=("at least 1", "at most 9", "a multiple of 2"),
        description="How wide; in pixels.",
    )
    assert (given.default, given.constraints, given.description) == (None, ("of 1 or more characters",), "")
    assert (kind.type, kind.default, kind.description) == ("a | b", "a", "Which.")
    assert share.type == "float more than 0 less than 1 | none"
    assert many.default == "x"


def test_no_options_are_nothing() -> None:
    assert describe_options(None) == ()


def test_a_class_without_source_or_with_unknown_names_is_described_too() -> None:
    scope: dict[str, type] = {}
    source = (
        "from __future__ import annotations\nfrom dataclasses import dataclass\n"
        "@dataclass\nclass Made:\n    size: NoSuchName = 3\n    'unseen'\n"
    )
    exec(source, scope)  # noqa: S102 - a class that no file holds
    (size,) = describe_options(scope["Made"])
    assert (size.type, size.default, size.description) == ("NoSuchName", 3, "")
