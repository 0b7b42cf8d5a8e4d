"""What plugins that bring a published dataset may call: this place stays."""

from __future__ import annotations

from .datasets.published.adapter import published_card
from .datasets.published.rules import Rules
from .datasets.published.splitting import OfficialSplits, SingleSplits

__all__ = ["OfficialSplits", "Rules", "SingleSplits", "published_card"]
