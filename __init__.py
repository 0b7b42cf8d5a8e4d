"""emseg-bench: which segmentation model to trust on electron-microscopy (EM) data.

The repository's root is this package.  Test collectors may import this file a second time under
the checkout's own name, so it imports nothing until a name is asked for.
"""


def __getattr__(name: str) -> object:
    """Resolve ``hookimpl`` (the marker that plugins use) and ``__version__`` on first use."""
    if name == "hookimpl":
        from .benchmark.contracts.hookspecs import hookimpl

        return hookimpl
    if name == "__version__":
        from importlib.metadata import version

        return version("emseg-bench")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
