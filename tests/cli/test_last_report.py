"""A run that changes nothing shows what the last report said, and anything that changes has it made anew."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from emseg_bench.benchmark.contracts.cards import ReportSectionCard
from emseg_bench.benchmark.files.store import Store
from emseg_bench.benchmark.plugins.registry import Catalogue, Offer
from emseg_bench.benchmark.trials import folder_state
from emseg_bench.cli import last_report
from emseg_bench.cli.last_report import recalled, remember, state_of_report

TABLES = [{"title": "a board", "wide": [], "narrow": [], "claims": [], "remarks": []}]


@pytest.fixture(autouse=True)
def settled(tmp_path, monkeypatch):
    monkeypatch.setenv("EMSEG_BENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(folder_state, "SETTLED_NS", -1)
    monkeypatch.setattr(last_report, "ROOT", tmp_path / "code")
    (tmp_path / "code" / "reports").mkdir(parents=True)
    (tmp_path / "code" / "reports" / "page.py").write_text("1")


@pytest.fixture
def store(tmp_path):
    found = Store(tmp_path / "results")
    for name in ("a" * 64, "b" * 64):
        folder = found.trial(name)
        folder.path.mkdir(parents=True)
        for path in (folder.record, folder.cases, folder.curve):
            path.write_text("something")
    (found.report / "figures").mkdir(parents=True)
    (found.report / "index.html").write_text("page")
    return found


@dataclass
class Given:
    """What a report is made from, beside the results folder."""

    catalogue: Catalogue
    options: dict[str, object]


def section(version):
    card = ReportSectionCard(name="s", title="S", order=1, factory="json:dumps")
    offer = Offer(card=card, distribution="pytest", version=version)
    found = Catalogue()
    found.report_sections.offers["s"] = offer
    return found


def change(path):
    path.write_text("something else")


CHANGES = {
    "record": lambda store, given: change(store.trial("a" * 64).record),
    "table": lambda store, given: change(store.trial("b" * 64).cases),
    "picture": lambda store, given: change(store.trial("b" * 64).path / "previews.png"),
    "trial less": lambda store, given: store.trial("b" * 64).record.unlink(),
    "page": lambda store, given: change(store.report / "index.html"),
    "figure": lambda store, given: change(store.report / "figures" / "1.svg"),
    "no report": lambda store, given: (store.report / "index.html").unlink(),
    "option": lambda store, given: given.options.update(margin=0.02),
    "section": lambda store, given: setattr(given, "catalogue", section("2")),
    "our code": lambda store, given: change(last_report.ROOT / "reports" / "page.py"),
    "version": None,
}


@pytest.mark.parametrize("what", CHANGES)
def test_whatever_a_report_is_made_from_counts(store, what, monkeypatch):
    given = Given(section("1"), {"keep_stale": False, "margin": None})
    state = state_of_report(store, given.catalogue, given.options)
    remember(store, state, TABLES)
    again = state_of_report(store, given.catalogue, given.options)
    assert recalled(store, again) == TABLES
    if change := CHANGES[what]:
        change(store, given)
    else:
        monkeypatch.setattr(last_report, "version", lambda _: "9.9")
    assert recalled(store, state_of_report(store, given.catalogue, given.options)) is None


def test_nothing_is_remembered_of_what_changed_just_before(store, monkeypatch):
    monkeypatch.setattr(folder_state, "SETTLED_NS", 10**12)
    assert state_of_report(store, Catalogue(), {}) is None
    remember(store, None, TABLES)
    assert recalled(store, None) is None


def test_of_a_link_nothing_is_remembered(store, tmp_path):
    store.trial("a" * 64).cases.unlink()
    store.trial("a" * 64).cases.symlink_to(tmp_path / "elsewhere")
    assert state_of_report(store, Catalogue(), {}) is None


def test_a_damaged_note_counts_for_nothing(store):
    state = state_of_report(store, Catalogue(), {})
    remember(store, state, TABLES)
    last_report._note(store).write_text("{")
    assert recalled(store, state) is None
    last_report._note(store).write_text('{"state": "x", "found": []}')
    assert recalled(store, state) is None


@pytest.mark.slow
def test_a_run_that_changes_nothing_reads_no_table(toy, invoke, tmp_path, monkeypatch):
    from emseg_bench.benchmark.tuning import reading

    asked = (
        "run",
        "--models",
        "toy",
        "--datasets",
        "toy-data",
        "--device",
        "cpu",
        "--out",
        str(tmp_path / "o"),
    )
    asked += ("--set", "recipe.iterations=2", "--set", "recipe.batch_size=2", "--set", "recipe.crop=32")
    first = invoke(*asked)
    assert first.code == 0, first.err
    page = tmp_path / "o" / "report" / "index.html"
    made = page.stat().st_mtime_ns

    def refuse(*_, **__):
        raise AssertionError("a table is read")

    monkeypatch.setattr(reading, "load_reported", refuse)
    again = invoke(*asked)
    assert again.code == 0
    assert page.stat().st_mtime_ns == made
    table = first.out[first.out.index("rank") :]
    assert table in again.out
    page.write_text("edited")
    with pytest.raises(AssertionError, match="a table is read"):
        invoke(*asked)
