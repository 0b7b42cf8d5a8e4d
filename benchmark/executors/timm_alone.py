"""Imports timm without wandb, which it would import wherever that is installed, for a helper of its own.

That takes a good part of a second, and makes folders for temporary files, which stay when it is killed.
A tracker that asks for wandb imports it then.
"""

from __future__ import annotations

import sys
from importlib import import_module

if "wandb" not in sys.modules:
    sys.modules["wandb"] = None  # type: ignore[assignment] # for imports: it is not there
    try:
        import_module("timm.utils.summary")
    finally:
        del sys.modules["wandb"]
