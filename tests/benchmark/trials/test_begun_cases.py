"""A trial that is killed while it tests goes on within the image that it was at."""

from __future__ import annotations

from dataclasses import replace

import pytest
from emseg_bench.benchmark.contracts.data import Case
from emseg_bench.benchmark.contracts.errors import StoreError, TrialError
from emseg_bench.benchmark.evaluation import kept_sums
from emseg_bench.benchmark.evaluation.forward import Forward
from emseg_bench.benchmark.evaluation.kept_slices import KeptSlices
from emseg_bench.benchmark.evaluation.segmenter import Segmenter
from emseg_bench.benchmark.evaluation.working import Work
from emseg_bench.benchmark.files.store import TrialFolder
from emseg_bench.benchmark.trials.begun_cases import BegunCases
from emseg_bench.benchmark.trials.trial import run_trial
from torch import nn

SMALL = "recipe.crop=16"
"""Windows of 16 px: an image of 48 px has 25."""


class KilledError(Exception):
    pass


@pytest.fixture
def seen(monkeypatch):
    """The sizes of the batches of windows that go through the network."""
    forward, sizes = Forward.__call__, []

    def counted(self, windows, *others):
        sizes.append(len(windows))
        return forward(self, windows, *others)

    monkeypatch.setattr(Forward, "__call__", counted)
    return sizes


def kill_after(monkeypatch, times: int) -> None:
    """Stand in for a kill: stop as soon as sums were kept so often."""
    note, notes = Work.note, []

    def killed(work, piece):
        note(work, piece)
        notes.append(piece)
        if len(notes) == times:
            monkeypatch.setattr(Work, "note", note)
            raise KilledError

    monkeypatch.setattr(Work, "note", killed)


def left(job) -> dict[str, bytes]:
    folder = TrialFolder(job.folder)
    assert not folder.scratch.exists()
    paths = (folder.cases, folder.reliability, *folder.predictions.iterdir(), *folder.previews.iterdir())
    return {path.relative_to(folder.path).as_posix(): path.read_bytes() for path in paths}


def test_a_killed_trial_goes_on_within_an_image(make_job, runtime, monkeypatch, seen):
    whole, killed = make_job("toy", SMALL, folder="whole"), make_job("toy", SMALL, folder="killed")
    run_trial(whole, runtime, lambda _: None)
    monkeypatch.setattr(kept_sums, "SECONDS", 0)
    kill_after(monkeypatch, 5)
    with pytest.raises(KilledError):
        run_trial(killed, runtime, lambda _: None)
    (begun,) = (TrialFolder(killed.folder).scratch / "begun").iterdir()
    assert sorted(path.name for path in begun.iterdir()) == ["by4", "by4-16", "by4-20", "done", "key"]

    seen.clear()
    told = []
    run_trial(killed, runtime, lambda event: told.append((event.phase, event.done, event.total)))
    assert sum(seen) == 75 - 20, "neither validation nor the 20 windows that were kept are seen again"
    assert ("test", 20, 75) in told
    assert max(done for phase, done, _ in told if phase == "test") == 75
    assert left(killed) == left(whole)


def test_a_killed_trial_goes_on_within_a_volume(make_job, runtime, monkeypatch, seen):
    """Of two volumes of six slices of four windows, the kill hits the second, after its fourth slice."""
    whole, killed = (make_job("toy", dataset="toy-volumes", folder=folder) for folder in ("whole", "killed"))
    run_trial(whole, runtime, lambda _: None)
    monkeypatch.setattr(kept_sums, "SECONDS", 0)
    keep, kept = KeptSlices.keep, []

    def killed_after_keeping(slices, axis, stop):
        if len(kept) == 6 + 4:
            raise KilledError
        keep(slices, axis, stop)
        kept.append(stop)

    monkeypatch.setattr(KeptSlices, "keep", killed_after_keeping)
    with pytest.raises(KilledError):
        run_trial(killed, runtime, lambda _: None)
    monkeypatch.setattr(KeptSlices, "keep", keep)
    assert kept == [1, 2, 3, 4, 5, 6, 1, 2, 3, 4]
    seen.clear()
    run_trial(killed, runtime, lambda _: None)
    assert sum(seen) == 2 * 4
    assert left(killed) == left(whole)


def test_what_an_image_took_before_counts(tmp_path):
    begun, told = begun_in(TrialFolder(tmp_path)), []
    with pytest.raises(KilledError):
        begin(begun, KilledError())
    with replace(begun, on_kept=lambda *news: told.append(news)).going_on(CASE, segmenter(nn.Identity())):
        pass
    assert told == [(4, 1.5)]


CASE = Case(id="a", split="test", height=48, width=48, sha256="1")


def segmenter(network: nn.Module) -> Segmenter:
    return Segmenter(
        model=network,
        normalisation=None,
        protocol=None,
        window=16,
        size_divisor=1,
        device="cpu",
        batch_size=4,
    )


class Keys:
    def of(self, case: Case) -> str:
        return case.id


def begun_in(folder: TrialFolder) -> BegunCases:
    return BegunCases(folder, Keys(), print)


def begin(begun: BegunCases, end: Exception) -> None:
    """Keep something of an image, and come to an end."""
    with begun.going_on(CASE, segmenter(nn.Identity())) as kept:
        kept._work.note("by4-4-0-16-1500")
        assert any((begun.folder.scratch / "begun").iterdir())
        raise end


def test_nothing_is_written_of_what_ends_soon_and_nothing_stays_of_what_fails(tmp_path, monkeypatch):
    begun = begun_in(TrialFolder(tmp_path))
    with begun.going_on(CASE, segmenter(nn.Identity())) as kept:
        assert not kept.is_due
    assert not any(tmp_path.iterdir())
    with pytest.raises(TrialError):
        begin(begun, TrialError("not finite"))
    assert not any((tmp_path / "scratch" / "begun").iterdir())


def test_links_that_lead_out_of_the_trial_are_not_written_through(tmp_path):
    folder = TrialFolder(tmp_path / "trial")
    begun = begun_in(folder)
    with pytest.raises(KilledError):
        begin(begun, KilledError())
    (place,) = (folder.scratch / "begun").iterdir()
    (tmp_path / "mine").write_text("mine")
    (place / "by4").symlink_to(tmp_path / "mine")
    with pytest.raises(StoreError, match="by4"), begun.going_on(CASE, segmenter(nn.Identity())):
        pass
