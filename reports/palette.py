"""Colours that people with any kind of colour vision can tell apart (Okabe & Ito 2008)."""

from __future__ import annotations

ORANGE, SKY, GREEN, YELLOW = "#E69F00", "#56B4E9", "#009E73", "#F0E442"
BLUE, VERMILLION, PURPLE, BLACK = "#0072B2", "#D55E00", "#CC79A7", "#000000"
GREY = "#8A8A8A"

MODELS = (BLUE, ORANGE, GREEN, VERMILLION, PURPLE, SKY, YELLOW, BLACK)
"""By place in the table; yellow late, since it is faint on white."""
CLASSES = (ORANGE, SKY, VERMILLION, GREEN, YELLOW, PURPLE, BLUE)
"""Of label values 1, 2, ...: bright ones first, since they lie on grey images."""
OTHER = GREY
"""Label values that are no class: pixels that are not scored."""


def class_colour(label: int) -> str:
    """Return the colour of a foreground label value; colours repeat after the seventh."""
    return CLASSES[(label - 1) % len(CLASSES)]
