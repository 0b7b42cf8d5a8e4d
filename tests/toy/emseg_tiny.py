"""A plugin with a tiny model and published weights for it, one file for each width of the model."""

from __future__ import annotations

import os
from dataclasses import dataclass

from emseg_bench import hookimpl
from emseg_bench.plugin import SCRATCH, Initialisation, ModelCard, WeightsCard


@dataclass(frozen=True)
class TinyOptions:
    width: int = 1


@hookimpl
def emseg_models():
    return [
        ModelCard(
            name="tiny",
            family="cnn",
            description="one convolution",
            factory="emseg_tiny_parts:create",
            options=TinyOptions,
            initialisations=(
                SCRATCH,
                Initialisation(name="file", description="a file", source="emseg_tiny_parts:file"),
            ),
            citation="none",
            licence="MIT",
        )
    ]


def card(name: str, width: int, **more: object) -> WeightsCard:
    return WeightsCard(
        name=name,
        description=f"width {width}",
        model="tiny",
        init="pretrained",
        options={"width": width},
        format="emseg_tiny_parts:recognise",
        origin="nobody",
        citation="none",
        licence="MIT",
        **more,
    )


@hookimpl
def emseg_weights():
    address, checksum = os.environ.get("TINY_URL"), os.environ.get("TINY_SHA256")
    return [
        card("tiny-one", 1, url=address, sha256=checksum),
        card("tiny-two", 2),
        card("tiny-three", 3),
        card("tiny-three-too", 3),
    ]
