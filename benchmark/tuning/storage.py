"""Where optuna keeps its studies: a database in the results folder, or any that a URL names."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ..contracts.errors import UsageError
from ..files.printable import brief
from ..files.regular import shown
from ..files.store import Store

if TYPE_CHECKING:
    from optuna.storages import RDBStorage
    from sqlalchemy import URL

FORMS: Final = "postgresql+psycopg://USER@HOST/DATABASE, mysql+pymysql://..., or sqlite:///FILE"
CONNECT_SECONDS: Final = 10
"""That a server has to answer in when it is asked for the first time."""
_PATIENT: Final = frozenset({"psycopg", "psycopg2", "mysqldb", "pymysql"})
"""Drivers that are told `CONNECT_SECONDS`; others have limits of their own."""
_HIDDEN: Final = "***"
_MOST_TEXT: Final = 300


def check_storage(url: str) -> None:
    """Check that a database answers, before anything else takes time; nothing is made in it.

    Args:
        url: As SQLAlchemy reads it; empty: the results folder's own.

    Raises:
        UsageError: It is no URL, its driver is not installed, or the database does not answer.
    """
    if not url:
        return
    parts = _parsed(url)
    if parts is None:
        raise UsageError(
            f"--storage {without_password(url)} is no URL, expected {FORMS}; a password has @ as %40, : as "
            "%3A and / as %2F."
        )
    is_there = parts.get_backend_name() != "sqlite" or _is_file(parts, url)
    try:
        with reached(url):
            _ask(parts, is_there=is_there)
    except ImportError as error:
        driver = getattr(error, "name", None) or "that it names"
        raise UsageError(
            f"--storage {without_password(url)}: the driver {driver} is not installed. For PostgreSQL: pip "
            "install 'emseg-bench[postgresql]', and write postgresql+psycopg://..."
        ) from None
    except (TypeError, ValueError) as error:  # of a driver, on what stands behind the question mark
        raise _unusable(url, error) from None


def _is_file(parts: URL, url: str) -> bool:
    """Tell whether an SQLite file is there already; if not, it can be made.

    Raises:
        UsageError: Its folder is not there, or studies would be kept in memory alone.
    """
    name = parts.database or ""
    if name in {"", ":memory:"}:
        raise UsageError(f"--storage {brief(url)} keeps nothing; name a file: sqlite:///studies.db.")
    file = Path(name)
    if not name.startswith("file:") and not file.absolute().parent.is_dir():
        raise UsageError(
            f"--storage {brief(url)}: the folder {shown(file.absolute().parent)} is not there; make it, or "
            "name a file elsewhere."
        )
    return file.exists()


def _ask(parts: URL, *, is_there: bool) -> None:
    """Find the driver, and connect."""
    from sqlalchemy import create_engine

    waits = parts.get_driver_name() in _PATIENT and "connect_timeout" not in parts.query
    patience = {"connect_timeout": CONNECT_SECONDS} if waits else {}
    engine = create_engine(parts, connect_args=patience)
    if not is_there:
        return
    try:
        with engine.connect() as connection:
            if engine.dialect.name == "sqlite":
                connection.exec_driver_sql("PRAGMA schema_version")  # reads the file's head
    finally:
        engine.dispose()


def open_storage(url: str, store: Store) -> RDBStorage:
    """Open a database, and make optuna's tables where there are none.

    Args:
        url: That `check_storage` has passed; empty: the results folder's own.
        store: The results folder.

    Raises:
        UsageError: The database does not answer any more, or its tables are another version's.
    """
    import optuna
    from optuna.storages import RDBStorage

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    store.optuna.parent.mkdir(parents=True, exist_ok=True)
    try:
        with reached(url):
            return RDBStorage(url or f"sqlite:///{store.optuna.absolute()}")
    except RuntimeError as error:  # the tables are another version's
        raise _unusable(url, error) from None


def close_storage(storage: RDBStorage) -> None:
    """Close a database's connections."""
    storage.remove_session()
    storage.engine.dispose()


@contextmanager
def reached(url: str) -> Iterator[None]:
    """Say what is wrong with a database, never with its password.

    Raises:
        UsageError: It cannot be used.
    """
    from optuna.exceptions import StorageInternalError
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (SQLAlchemyError, StorageInternalError) as error:
        raise _unusable(url, error) from None


def _unusable(url: str, error: Exception) -> UsageError:
    told = str(error.__cause__ or error).strip().partition("\n")[0]
    return UsageError(
        f"--storage {without_password(url) or 'of the results folder'} cannot be used: "
        f"{brief(_cleaned(told, url), _MOST_TEXT)}; expected {FORMS}."
    )


def without_password(url: str) -> str:
    """Write a URL so that people may read it; one that is none shows nothing but how it begins."""
    if not url:
        return ""
    parts = _parsed(url)
    if parts is None:
        return brief(f"{url.partition(':')[0]}:...") if ":" in url and "@" in url else brief(url)
    secrets = [key for key in parts.query if "pass" in key.lower() or "key" in key.lower()]
    return str(parts.difference_update_query(secrets).render_as_string(hide_password=True))


def _cleaned(text: str, url: str) -> str:
    """Take a URL's secrets out of what a library says."""
    parts = _parsed(url)
    return text.replace(str(parts.password), _HIDDEN) if parts and parts.password else text


def _parsed(url: str) -> URL | None:
    """Read a URL; None: it is none."""
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        return make_url(url)
    except (ArgumentError, ValueError):
        return None
