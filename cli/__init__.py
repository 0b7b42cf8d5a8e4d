"""The command line: ``emseg-bench``."""

from .app import main

__all__ = ["main"]
