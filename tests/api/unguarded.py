"""A script as beginners write them: nothing in it stands behind ``if __name__``."""

import sys

import emseg_bench

sys.stdout.write("once\n")
emseg_bench.run(
    "toy",
    "toy-data",
    recipe={"preset": "smoke", "iterations": 2, "batch_size": 2, "crop": 32, "precision": "fp32"},
    out=sys.argv[1],
    device="cpu",
)
sys.stdout.write("end\n")
