"""The built-in sections of the report page."""

from __future__ import annotations

from collections.abc import Sequence

from ..benchmark.contracts.cards import ReportSectionCard
from ..benchmark.contracts.hookspecs import hookimpl

SECTIONS = "emseg_bench.reports.sections"


@hookimpl
def emseg_report_sections() -> Sequence[ReportSectionCard]:
    """Offer the built-in sections, in the order of the page."""
    return (
        ReportSectionCard(
            name="leaderboard",
            title="Leaderboard",
            order=100,
            factory=f"{SECTIONS}.leaderboard:section",
        ),
        ReportSectionCard(
            name="certainty",
            title="How sure this is",
            order=110,
            factory=f"{SECTIONS}.certainty:section",
        ),
        ReportSectionCard(
            name="comparisons",
            title="Model against model",
            order=120,
            factory=f"{SECTIONS}.comparisons:section",
        ),
        ReportSectionCard(
            name="tuning",
            title="Tuning",
            order=130,
            factory=f"{SECTIONS}.tuning:section",
        ),
        ReportSectionCard(
            name="elsewhere",
            title="Published elsewhere",
            order=150,
            factory=f"{SECTIONS}.elsewhere:section",
        ),
        ReportSectionCard(
            name="score-and-cost",
            title="Score against cost",
            order=200,
            factory=f"{SECTIONS}.tradeoff:section",
        ),
        ReportSectionCard(
            name="pictures",
            title="Pictures",
            order=300,
            factory=f"{SECTIONS}.panels:section",
        ),
        ReportSectionCard(
            name="mistakes",
            title="Where it goes wrong",
            order=310,
            factory=f"{SECTIONS}.mistakes:section",
        ),
        ReportSectionCard(
            name="calibration",
            title="Calibration",
            order=320,
            factory=f"{SECTIONS}.calibration:section",
        ),
        ReportSectionCard(
            name="curves",
            title="Training curves",
            order=400,
            factory=f"{SECTIONS}.curves:section",
        ),
        ReportSectionCard(
            name="metrics",
            title="All metrics",
            order=500,
            factory=f"{SECTIONS}.metrics:section",
        ),
        ReportSectionCard(
            name="unfounded",
            title="Predicted where the truth has none",
            order=510,
            factory=f"{SECTIONS}.unfounded:section",
        ),
        ReportSectionCard(
            name="aggregates",
            title="Per case, per volume, pooled",
            order=520,
            factory=f"{SECTIONS}.aggregates:section",
        ),
        ReportSectionCard(
            name="robustness",
            title="Does the order hold?",
            order=530,
            factory=f"{SECTIONS}.robustness:section",
        ),
        ReportSectionCard(
            name="sanity",
            title="What needs no model",
            order=550,
            factory=f"{SECTIONS}.sanity:section",
        ),
        ReportSectionCard(
            name="method",
            title="How it was measured",
            order=600,
            factory=f"{SECTIONS}.method:section",
        ),
        ReportSectionCard(
            name="failures",
            title="Failed trials",
            order=700,
            factory=f"{SECTIONS}.failures:section",
        ),
        ReportSectionCard(
            name="provenance",
            title="Provenance",
            order=800,
            factory=f"{SECTIONS}.provenance:section",
        ),
    )
