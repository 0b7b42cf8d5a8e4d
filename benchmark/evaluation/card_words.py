"""What the cards of several metrics say alike."""

from __future__ import annotations

AGGREGATION = "per class the mean over the cases where it applies, then the mean over foreground classes"
LEFT_OUT = "NaN, not applicable: left out of the mean, and the number of cases left out is shown"
METRICS_RELOADED = "Maier-Hein et al. 2024, doi 10.1038/s41592-023-02151-z"
