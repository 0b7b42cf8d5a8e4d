"""Tickets of a queue that somebody wrote: nothing of them becomes an option of a program or a path."""

from __future__ import annotations

import json
from dataclasses import asdict

import pytest
from emseg_bench.benchmark.contracts.errors import StoreError
from emseg_bench.benchmark.files.store import TrialFolder
from emseg_bench.benchmark.trials.tickets import Ticket, read_ticket

GOOD = Ticket(by="slurm", job="12_3", folder="array-x_1", at="2026-01-01")


@pytest.mark.parametrize(
    "changed",
    [
        {"job": "--user=root"},
        {"job": "1;reboot"},
        {"job": ""},
        {"folder": "../../.."},
        {"folder": "/etc"},
        {"folder": "."},
        {"folder": 3},
        {"more": 1},
        {"by": "x" * 1000},
    ],
)
def test_a_ticket_that_is_none_is_refused(tmp_path, changed):
    folder = TrialFolder(tmp_path)
    folder.ticket.write_text(json.dumps(asdict(GOOD)))
    assert read_ticket(folder) == GOOD
    folder.ticket.write_text(json.dumps({**asdict(GOOD), **changed}))
    with pytest.raises(StoreError, match=r"Remove .*ticket\.json once no job runs the trial"):
        read_ticket(folder)


def test_a_link_that_leads_out_of_the_trial_is_not_read(tmp_path):
    (tmp_path / "elsewhere").write_text(json.dumps(asdict(GOOD)))
    folder = TrialFolder(tmp_path / "trial")
    folder.path.mkdir()
    folder.ticket.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StoreError):
        read_ticket(folder)
