"""Where the ImageNet weights of an encoder are published: by smp for its own, by timm for ``tu-`` encoders.

Importing this module imports neither torch, smp nor timm, for planning uses it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path

from ..benchmark.contracts.errors import UsageError
from .hub import HubFile
from .smp_encoders import CONVNEXT, PVT, SWIN, TIMM_PREFIX, VIT
from .vit.encoders import init_of

COLLECTION = "imagenet"
"""smp's name for the weights that were trained on ImageNet with labels."""

_OF_CARDS = frozenset(
    form.format(size=size).removeprefix(TIMM_PREFIX)
    for form, sizes in (
        (CONVNEXT, ("tiny", "small", "base")),
        (SWIN, ("tiny", "small", "base")),
        (PVT, ("b0", "b1", "b2", "b3", "b4", "b5")),
        (VIT, ("small", "base")),
    )
    for size in sizes
)
"""timm's encoders that the built-in cards offer: known here, so that planning them does not import timm."""


def published_encoder(encoder: str) -> HubFile:
    """Say where an encoder's ImageNet weights are published.

    timm makes its table while it is imported, by loops and comprehensions, so it cannot be read from the
    source: for a ``tu-`` encoder that no built-in card names, this imports timm (about 3 s).

    Raises:
        UsageError: There are none for this encoder.
    """
    if encoder.startswith(TIMM_PREFIX):
        return _from_timm(encoder.removeprefix(TIMM_PREFIX))
    settings = _smp_settings(encoder)
    if COLLECTION not in settings:
        offered = f"has only {', '.join(settings)}" if settings else "publishes none for it"
        raise _none(encoder, f"segmentation_models_pytorch {offered}")
    return HubFile(repository=settings[COLLECTION]["repo_id"], revision=settings[COLLECTION]["revision"])


def _from_timm(name: str) -> HubFile:
    if name in _OF_CARDS:
        return HubFile(repository=f"timm/{name}", revision="main")
    import timm

    found = timm.get_pretrained_cfg(name)
    if found is None or not found.hf_hub_id:
        raise _none(TIMM_PREFIX + name, "timm publishes none for it on the Hugging Face hub")
    if found.hf_hub_filename or found.hf_hub_id.partition("/")[0] != "timm":
        raise _none(TIMM_PREFIX + name, f"timm points to {found.hf_hub_id}, whose layout is another")
    if found.tag and init_of(name.partition(".")[0], found.tag) != COLLECTION:
        tags = ", ".join(timm.list_pretrained(f"{name.partition('.')[0]}.*"))
        raise _none(
            TIMM_PREFIX + name, f"timm's are {found.tag!r}, which is not ImageNet with labels; of {tags}"
        )
    return HubFile(repository=found.hf_hub_id, revision="main")


def _none(encoder: str, why: str) -> UsageError:
    return UsageError(
        f"@imagenet: there are no ImageNet weights for the encoder {encoder!r}, {why}; "
        "take another encoder, @scratch or @file:/path/to/weights.pt"
    )


def _smp_settings(encoder: str) -> Mapping[str, Mapping[str, str]]:
    """Read smp's own table from its source: importing it takes seconds and torch, which planning avoids."""
    spec = find_spec("segmentation_models_pytorch")
    if spec is None or spec.origin is None:
        return {}
    for source in sorted((Path(spec.origin).parent / "encoders").glob("*.py")):
        text = source.read_text(encoding="utf-8")
        if f'"{encoder}"' in text:
            for entry in _values_of(encoder, ast.parse(text)):
                for settings in _values_of("pretrained_settings", entry):
                    found: Mapping[str, Mapping[str, str]] = ast.literal_eval(settings)
                    return found
    return {}


def _values_of(key: str, tree: ast.AST) -> Iterator[ast.Dict]:
    """Find the dictionaries that stand under `key` in any dictionary of a syntax tree."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Dict):
            for name, value in zip(node.keys, node.values, strict=True):
                if isinstance(name, ast.Constant) and name.value == key and isinstance(value, ast.Dict):
                    yield value
