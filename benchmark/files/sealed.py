"""Files beside somebody's data that only this user's programs here can have written.

They bear a keyed hash (HMAC-SHA-256) whose key lies in the user's cache: what is damaged, was edited, or came
with a folder from elsewhere is as good as not there.
"""

from __future__ import annotations

import hmac
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Final

from ..contracts.errors import EmsegError, StoreError
from .cache import cache_folder
from .leftovers import replacing
from .limits import limit_bytes
from .regular import read_regular
from .store import write_whole

_BYTES: Final = 32
"""Of the key, and of a seal."""


def write_sealed(path: Path, content: bytes) -> None:
    """Write a file whole; where it cannot be kept, nothing is lost."""
    with suppress(OSError, EmsegError):
        write_whole(path, hmac.digest(_key(), content, "sha256") + content)


def read_sealed(path: Path) -> bytes | None:
    """Read what `write_sealed` wrote; None where it has gone, is not ours, or is larger than any piece."""
    try:
        sealed = read_regular(path, limit_bytes(), StoreError)
        seal, content = sealed[:_BYTES], sealed[_BYTES:]
        return content if hmac.compare_digest(seal, hmac.digest(_key(), content, "sha256")) else None
    except (OSError, EmsegError):
        return None


def _key() -> bytes:
    """Return this user's key, which is made at the first need of it.

    Raises:
        OSError: None can be kept.
    """
    path = cache_folder() / "seal.key"
    with suppress(EmsegError):
        if len(key := read_regular(path, _BYTES, StoreError)) == _BYTES:
            return key
    path.parent.mkdir(parents=True, exist_ok=True)
    key = secrets.token_bytes(_BYTES)
    with replacing(path) as temporary:
        temporary.touch(0o600)
        temporary.write_bytes(key)
    return key
