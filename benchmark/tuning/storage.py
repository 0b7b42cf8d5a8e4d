"""Where optuna keeps its studies: a database in the results folder, or any that a URL names."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from ..contracts.errors import UsageError
from ..files.printable import brief
from ..files.store import Store

if TYPE_CHECKING:
    from optuna.storages import RDBStorage

FORMS: Final = "postgresql://USER@HOST/DATABASE, mysql://..., or sqlite:///FILE"
HIDDEN: Final = "***"
_MOST_TEXT: Final = 300


def open_storage(url: str, store: Store) -> RDBStorage:
    """Open a database, and make optuna's tables where there are none.

    Args:
        url: As SQLAlchemy reads it; empty: the results folder's own.
        store: The results folder.

    Raises:
        UsageError: It is no URL, its driver is not installed, or the database does not answer.
    """
    import optuna
    from optuna.storages import RDBStorage

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    store.optuna.parent.mkdir(parents=True, exist_ok=True)
    try:
        with reached(url):
            return RDBStorage(url or f"sqlite:///{store.optuna.absolute()}")
    except ImportError as error:
        driver = getattr(error.__cause__ or error, "name", None) or "that it names"
        raise UsageError(
            f"--storage {without_password(url)}: the driver {driver} is not installed. For PostgreSQL: pip "
            "install 'emseg-bench[postgresql]', and write postgresql+psycopg://..."
        ) from None
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
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    if not url:
        return ""
    try:
        parts = make_url(url)
    except (ArgumentError, ValueError):
        return brief(f"{url.partition(':')[0]}:...") if ":" in url and "@" in url else brief(url)
    secrets = [key for key in parts.query if "pass" in key.lower() or "key" in key.lower()]
    return str(parts.difference_update_query(secrets).render_as_string(hide_password=True))


def _cleaned(text: str, url: str) -> str:
    """Take a URL's secrets out of what a library says."""
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        password = make_url(url).password
    except (ArgumentError, ValueError):
        return text.replace(url, without_password(url)) if url else text
    return text.replace(str(password), HIDDEN) if password else text
