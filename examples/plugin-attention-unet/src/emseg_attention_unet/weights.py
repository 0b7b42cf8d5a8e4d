"""Weights from a file: what a trial or a pre-training of this model left behind."""

from __future__ import annotations

from emseg_bench.weight_files import NetworkFile

from_file = NetworkFile("attention-unet", "head.")
