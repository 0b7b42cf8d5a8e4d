"""Colours that people with any kind of colour vision can tell apart (Okabe & Ito 2008)."""

from __future__ import annotations

ORANGE, SKY, GREEN, YELLOW = "#E69F00", "#56B4E9", "#009E73", "#F0E442"
BLUE, VERMILLION, PURPLE, BLACK = "#0072B2", "#D55E00", "#CC79A7", "#000000"
GREY = "#8A8A8A"

MODELS = (BLUE, ORANGE, GREEN, VERMILLION, PURPLE, SKY, YELLOW, BLACK)
"""By place among the names of a board; yellow late, since it is faint on white."""
OTHER = GREY
"""Label values that are no class: pixels that are not scored."""
