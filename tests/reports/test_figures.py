"""Colours of models."""

from __future__ import annotations

from emseg_bench.reports.figures import colours
from emseg_bench.reports.palette import MODELS


def test_a_model_keeps_its_colour_whatever_its_place():
    names = ["unet@x", "retina@x", "fpn@x"]
    assert colours(names) == colours(names[::-1])
    assert sorted(colours(names).values()) == sorted(MODELS[:3])
