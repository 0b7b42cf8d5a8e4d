"""The command line: ``emseg-bench``."""

from .app import command, main

__all__ = ["command", "main"]
