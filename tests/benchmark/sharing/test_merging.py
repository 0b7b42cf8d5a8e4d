"""Merging: each trial once, the better of two, and contradictions told."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from emseg_bench.benchmark.files.locks import locked
from emseg_bench.benchmark.files.store import Store
from emseg_bench.benchmark.sharing.copying import copy_trial
from emseg_bench.benchmark.sharing.merging import Source, merge_into
from emseg_bench.benchmark.trials.board_order import board_order
from emseg_bench.benchmark.trials.left_behind import write_left_behind
from emseg_bench.benchmark.trials.records import load_record

from .conftest import contents, fingerprints, rewrite, tuned, write_studies


def merged(target, *stores):
    return merge_into(target, [Source(store.root.name, store) for store in stores], lambda: None)


def shifted(trial):
    """The trial with other scores, as another machine may have them."""
    return replace(trial, cases=trial.cases.assign(value=trial.cases["value"] + 0.25))


@pytest.fixture
def out(tmp_path):
    return Store(tmp_path / "out")


def test_every_trial_once_and_as_it_was(made_up, out):
    a, b = made_up("a"), made_up("b")
    first, *_ = sorted(fingerprints(b))
    for store, digits in ((a, "21"), (b, "13")):
        store.boards.write_text("".join(f"{digit * 64}\n" for digit in digits))
    found = merged(out, a, b)
    assert [name[0] for name in board_order(out)] == ["2", "1", "3"]
    assert (found.taken, found.same, found.contradictions, found.left_out) == (5, 5, [], [])
    assert fingerprints(out) == fingerprints(a)
    assert contents(out.trial(first).path) == contents(a.trial(first).path)
    assert out.trial(first).log.read_text() == "at /home/somebody"
    again = merged(out, a, b)
    assert (again.taken, again.same) == (0, 10)


def test_other_scores_of_one_trial_are_a_contradiction_and_the_first_are_kept(made_up, out):
    a, b = made_up("a"), made_up("b", shifted)
    found = merged(out, a, b)
    assert (found.taken, found.same, len(found.contradictions)) == (
        5,
        1,
        4,
    )  # the one that failed is the same
    text = found.contradictions[0]
    assert " in a and " in text
    assert " in b (" in text
    assert text.endswith("that of a is kept")
    name = next(iter(fingerprints(a)))
    assert contents(out.trial(name).path) == contents(a.trial(name).path)


def test_what_is_complete_takes_the_place_of_what_failed_and_never_the_other_way(made_up, out):
    def fails(trial):
        return replace(trial, record=replace(trial.record, status="failed", reason="no power"))

    a, b = made_up("a", fails), made_up("b")
    merged(out, a, b)
    complete = [load_record(folder).status for folder in out.trials()]
    assert sorted(complete) == ["complete"] * 4 + ["failed"]
    assert merged(out, a).taken == 0


def test_a_trial_with_all_its_files_takes_the_place_of_one_that_lacks_some(made_up, out):
    a, b = made_up("a"), made_up("b")
    for folder in a.trials():
        (folder.predictions / "a.png").unlink()
        write_left_behind(folder, ["predictions/a.png"])
    merged(out, a)
    name = min(fingerprints(a))
    assert not (out.trial(name).predictions / "a.png").exists()
    assert merged(out, b).taken == 5
    assert contents(out.trial(name).path) == contents(b.trial(name).path)
    assert merged(out, a).taken == 0


def test_the_lock_is_held_until_all_is_there(made_up, out):
    a = made_up("a")
    folder = next(a.trials())
    place = out.trial(folder.path.name)
    place.path.mkdir(parents=True)
    (place.path / "scratch").mkdir()
    with locked(place.lock) as held:
        copy_trial(folder, load_record(folder), place)
        held.check()
    assert contents(place.path) == contents(folder.path)


def test_damaged_trials_stay_where_they_are(made_up, out):
    a = made_up("a")
    damaged, changed, *_ = sorted(fingerprints(a))
    a.trial(damaged).record.write_text("{}")
    a.trial(changed).weights.write_bytes(b"others")
    found = merged(out, a)
    assert found.taken == 3
    assert [item.trial for item in found.left_out] == [damaged, changed]
    assert "weights.safetensors (changed) is not what the trial wrote" in found.left_out[1].reason


def test_links_out_of_a_folder_are_not_followed(made_up, out, tmp_path):
    a = made_up("a")
    name = min(fingerprints(a))
    secret = tmp_path / "secret"
    secret.write_bytes(b"weights")
    a.trial(name).weights.unlink()
    a.trial(name).weights.symlink_to(secret)
    found = merged(out, a)
    assert [item.trial for item in found.left_out] == [name]


def test_a_damaged_trial_in_the_target_is_replaced(made_up, out):
    a = made_up("a")
    merged(out, a)
    name = min(fingerprints(a))
    out.trial(name).cases.unlink(missing_ok=True)
    out.trial(name).record.write_text("{}")
    assert merged(out, a).taken == 1
    assert contents(out.trial(name).path) == contents(a.trial(name).path)


def test_the_command(made_up, invoke, tmp_path):
    a, b = made_up("a"), made_up("b", shifted)
    rewrite(next(a.trials()))
    done = invoke("merge", a.root, b.root, "--out", tmp_path / "both")
    assert done.code == 1, done.err
    assert "5 trials taken over" in done.out
    assert "4 contradictions" in done.out
    assert (tmp_path / "both/report/index.html").exists()
    done = invoke("merge", a.root, "--out", tmp_path / "both", "--json")
    assert (done.code, json.loads(done.out)["same"]) == (0, 5)
    for wrong in ((a.root, a.root, "--out", "c"), (a.root, "--out", a.root), ("nowhere", "--out", "c")):
        assert invoke("merge", *wrong).code == 2


def test_studies_of_tuned_models_come_along_and_the_first_are_kept(made_up, out):
    a, b = made_up("a", tuned), made_up("b", tuned)
    write_studies(a)
    write_studies(b, '{"more": 1}')
    found = merged(out, a, b)
    assert found.contradictions == ["studies/s/trials.json differs between a and b; that of a is kept"]
    assert contents(out.root / "studies") == {"s/study.json": b"{}", "s/trials.json": b"{}"}
    assert merged(out, a).contradictions == []
