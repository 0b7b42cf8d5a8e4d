"""PyYAML's safe loader with bounds; imported only where there is YAML to read."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import yaml

if TYPE_CHECKING:
    _Base = yaml.SafeLoader
else:
    _Base = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times as fast, where it was built

LONGEST_NUMBER: Final = 100
"""Characters; PyYAML takes the square of their number in time for those that hold colons."""


def load_yaml(text: str, most_values: int, most_levels: int) -> Any:
    """Load one document.

    Raises:
        yaml.YAMLError: It is no YAML, out of bounds, or asks for types by tags.
        ValueError: A date that never was, a number of too many digits.
    """
    _check_bounds(text, most_values, most_levels)
    return yaml.load(text, Loader=_Loader)  # noqa: S506 - a safe loader, with more checks


class _Loader(_Base):
    """The safe loader, for which a key that stands twice is an error, and so is an endless number."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        if isinstance(node, yaml.MappingNode):
            self._refuse_twins(node)
        return super().construct_mapping(node, deep=deep)

    def _refuse_twins(self, node: yaml.MappingNode) -> None:
        seen: set[tuple[str, str]] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.tag == "tag:yaml.org,2002:merge":
                continue
            name = (key.tag, key.value)
            if name in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key.value!r} stands twice", key.start_mark
                )
            seen.add(name)

    def construct_yaml_int(self, node: yaml.ScalarNode) -> int:
        """Read a whole number."""
        _refuse_endless(node)
        return int(super().construct_yaml_int(node))

    def construct_yaml_float(self, node: yaml.ScalarNode) -> float:
        """Read a number with a point."""
        _refuse_endless(node)
        return float(super().construct_yaml_float(node))


_Loader.add_constructor("tag:yaml.org,2002:int", _Loader.construct_yaml_int)
_Loader.add_constructor("tag:yaml.org,2002:float", _Loader.construct_yaml_float)


def _refuse_endless(node: yaml.ScalarNode) -> None:
    if len(node.value) > LONGEST_NUMBER:
        raise yaml.constructor.ConstructorError(
            None,
            None,
            f"a number of {len(node.value):,} characters, expected at most {LONGEST_NUMBER}",
            node.start_mark,
        )


@dataclass(slots=True)
class _Open:
    """A list or mapping whose end has not come yet."""

    anchor: str | None
    values: int = 1


@dataclass(slots=True)
class _Sizes:
    """How many values the anchors stand for."""

    of_anchor: dict[str, int] = field(default_factory=dict)
    open: list[_Open] = field(default_factory=list)
    total: int = 0

    def add(self, values: int) -> None:
        self.total += values
        if self.open:
            self.open[-1].values += values


def _check_bounds(text: str, most_values: int, most_levels: int) -> None:
    """Walk the events, which needs no recursion, and count what the aliases would make of them."""
    sizes = _Sizes()
    for event in yaml.parse(text, Loader=_Base):
        _take(event, sizes)
        if len(sizes.open) > most_levels:
            raise yaml.YAMLError(
                f"lists and mappings stand within each other more than {most_levels} levels deep"
            )
        if sizes.total > most_values:
            raise yaml.YAMLError(f"it holds, aliases counted, more than {most_values:,} values")


def _take(event: yaml.Event, sizes: _Sizes) -> None:
    if tag := getattr(event, "tag", None):
        raise yaml.YAMLError(f"the tag {tag[:100]!r} stands there; take it out, values need none")
    if isinstance(event, yaml.CollectionStartEvent):
        sizes.total += 1
        sizes.open.append(_Open(event.anchor))
    elif isinstance(event, yaml.CollectionEndEvent):
        ended = sizes.open.pop()
        if ended.anchor:
            sizes.of_anchor[ended.anchor] = ended.values
        if sizes.open:
            sizes.open[-1].values += ended.values
    elif isinstance(event, yaml.AliasEvent):
        if any(one.anchor == event.anchor for one in sizes.open):
            raise yaml.YAMLError(f"the alias *{event.anchor} stands within what it stands for")
        sizes.add(sizes.of_anchor.get(event.anchor or "", 1))
    elif isinstance(event, yaml.ScalarEvent):
        sizes.add(1)
