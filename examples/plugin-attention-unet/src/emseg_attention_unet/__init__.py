"""Attention U-Net for emseg-bench.  Imports nothing, since emseg-bench imports it whenever it starts."""
