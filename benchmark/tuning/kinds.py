"""What of tuning is listed and described: samplers and pruners."""

from __future__ import annotations

from typing import Any, Final

from .methods import TuningMethods
from .pruners import PRUNERS
from .samplers import SAMPLERS

TUNING_KINDS: Final[tuple[TuningMethods[Any], ...]] = (SAMPLERS, PRUNERS)
