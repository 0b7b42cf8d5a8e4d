"""The contract that plugins keep, to run in a plugin's own tests.

Two lines in a file that pytest collects give one test for each card and check::

    from emseg_bench.testing import contract

    test_contract = contract("my_package.plugin")

``emseg-bench plugins check`` runs the same checks, in a process of their own and without pytest.
"""

from .findings import ContractError
from .pytest_face import contract

__all__ = ["ContractError", "contract"]
