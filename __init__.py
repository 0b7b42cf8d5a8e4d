"""emseg-bench: which segmentation model to trust on electron-microscopy (EM) data.

The repository's root is this package.  Test collectors may import this file a second time under
the checkout's own name, so it imports nothing until a name is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .api.listing import list_datasets, list_metrics, list_models, list_protocols, list_recipes
    from .api.results import BoardTable, Results, load_results
    from .api.running import run
    from .api.trained import TrainedModel, load_model
    from .benchmark.contracts.errors import EmsegError
    from .benchmark.contracts.hookspecs import hookimpl

    __version__: str

__all__ = [
    "BoardTable",
    "EmsegError",
    "Results",
    "TrainedModel",
    "__version__",
    "hookimpl",
    "list_datasets",
    "list_metrics",
    "list_models",
    "list_protocols",
    "list_recipes",
    "load_model",
    "load_results",
    "run",
]

_PLACES = {
    "hookimpl": "benchmark.contracts.hookspecs",
    "EmsegError": "benchmark.contracts.errors",
    "run": "api.running",
    **dict.fromkeys(("BoardTable", "Results", "load_results"), "api.results"),
    **dict.fromkeys(("TrainedModel", "load_model"), "api.trained"),
    **dict.fromkeys(
        ("list_datasets", "list_metrics", "list_models", "list_protocols", "list_recipes"), "api.listing"
    ),
}
"""In which module a name is, below this package."""


def __getattr__(name: str) -> object:
    """Resolve a name on first use, so that importing the package loads nothing."""
    if name in _PLACES:
        from importlib import import_module

        return getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)
    if name == "__version__":
        from importlib.metadata import version

        return version("emseg-bench")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """Name what can be asked for."""
    return [*__all__]
