"""Every error that emseg-bench raises on purpose.

    EmsegError                    message: what was got, what was expected, what to do
    ├── UsageError                the command, its options or an experiment file
    │   └── UnknownNameError      a name that nothing is registered under
    ├── PluginError               a plugin that cannot be used
    ├── DataError                 images, labels or a dataset's folder
    │   └── DataUnavailableError      published data that are not on this machine
    ├── DownloadError             a file that cannot be had from its address
    │   └── WrongFileError            what came is another file: its checksum differs, or it is a web page
    ├── WeightsError              a weight file that does not fit or is not one
    │   └── WeightsUnavailableError   published weights that are not on this machine
    ├── StoreError                a results folder that cannot be read or written
    └── TrialError                a trial that cannot go on (NaN loss, wrong output shape)

The command line prints the message and exits with 2 for all but TrialError, which ends one trial.
"""

from __future__ import annotations

from collections.abc import Iterable

from .near import did_you_mean


class EmsegError(Exception):
    """Base of all errors that are the user's to mend; its message is for people."""


class UsageError(EmsegError):
    """The command, one of its options or an experiment file is wrong."""


class UnknownNameError(UsageError):
    """A name that nothing is registered under.

    Args:
        kind: What was looked up: ``model``, ``dataset``, ...
        name: What was asked for.
        known: What exists.
        remark: What else a reader should know.
    """

    def __init__(self, kind: str, name: str, known: Iterable[str], remark: str = "") -> None:
        names = sorted(known)
        hint = did_you_mean(name, names)
        shown = name if len(name) <= 200 else f"{name[:100]}…{name[-100:]}"
        message = f"no {kind} is called {shown!r}; {hint}known: {', '.join(names) or 'none'}."
        super().__init__(f"{message}\n{remark}" if remark else message)
        self.kind, self.name = kind, name


class PluginError(EmsegError):
    """A plugin failed to import, registered something wrong, or two claim one name."""


class DataError(EmsegError):
    """Images, labels or a dataset's folder are not what they must be."""


class DataUnavailableError(DataError):
    """Published data are not on this machine; the message says how to get them."""


class DownloadError(EmsegError):
    """A file cannot be had from its address."""


class WrongFileError(DownloadError):
    """What came from an address is another file than was expected."""


class WeightsError(EmsegError):
    """A weight file is damaged, is something else, or does not fit the model."""


class WeightsUnavailableError(WeightsError):
    """Published weights are not on this machine; the message says how to get them."""


class StoreError(EmsegError):
    """A results folder cannot be read or written, or holds what this version cannot understand."""


class TrialError(EmsegError):
    """A trial cannot go on: a loss that is NaN, an output of the wrong shape."""
