"""Types of the arrays that the report reckons with."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

Flags: TypeAlias = np.ndarray[Any, np.dtype[np.bool_]]
Whole: TypeAlias = np.ndarray[Any, np.dtype[np.int64]]
Floats: TypeAlias = np.ndarray[Any, np.dtype[np.float64]]
Names: TypeAlias = np.ndarray[Any, np.dtype[np.object_]]
