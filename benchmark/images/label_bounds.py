"""Between which numbers label values lie; apart from their reader, so that planning needs no numpy."""

from __future__ import annotations

from typing import Final

LEAST_VALUE: Final = -(2**31)
MOST_VALUE: Final = 2**32 - 1
"""Values outside are no class and no mark of pixels that are ignored."""
