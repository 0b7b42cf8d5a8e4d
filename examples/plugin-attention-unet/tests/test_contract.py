"""What every model owes emseg-bench: one test for each check."""

from emseg_bench.testing import contract

test_contract = contract("emseg_attention_unet.plugin")
