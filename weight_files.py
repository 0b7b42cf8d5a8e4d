"""What plugins that load or recognise weights may call: this place stays."""

from __future__ import annotations

from .benchmark.weights.reading import check_finite, read_content
from .models.network_file import NetworkFile, PublishedNetwork

__all__ = ["NetworkFile", "PublishedNetwork", "check_finite", "read_content"]
