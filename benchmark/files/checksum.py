"""What a file must hash to."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..contracts.errors import WrongFileError


@dataclass(frozen=True, slots=True)
class Checksum:
    """What a file must hash to."""

    algorithm: str
    """As `hashlib` calls it: ``sha256``, ``md5``."""
    value: str
    whose: str = "published"
    """Whose word it is: ``published``, or ``of the file that came first``."""

    def check(self, path: Path, what: str) -> None:
        """Hash a file.

        Args:
            path: The file.
            what: Begins the message: ``http://... delivered``.

        Raises:
            WrongFileError: It has another checksum.
        """
        import hashlib

        with path.open("rb") as file:
            found = hashlib.file_digest(file, self.algorithm).hexdigest()
        if found != self.value.lower():
            raise WrongFileError(
                f"{what} another file than expected: its {self.algorithm} is {found}, the one {self.whose} "
                f"is {self.value}"
            )
