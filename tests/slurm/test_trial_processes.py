"""One trial of two processes: started by srun, or by the job that Slurm gives the trial."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from emseg_bench.benchmark.contracts.running import Event
from emseg_bench.benchmark.executors.local import LocalExecutor
from emseg_bench.benchmark.executors.slurm.executor import SlurmExecutor
from emseg_bench.benchmark.files.store import TrialFolder
from emseg_bench.benchmark.trials.records import load_record


@pytest.mark.slow
def test_a_trial_of_two_processes_is_the_same_under_srun_a_job_and_local(
    make_job, runtime, slurm, toy_path, monkeypatch
):
    monkeypatch.setenv("PYTHONPATH", str(toy_path))
    jobs = {place: make_job("toy", "recipe.processes=2", store=place) for place in ("srun", "job", "local")}
    command = Path(sys.executable).with_name("emseg-bench")
    done = subprocess.run(
        ["srun", "-n2", "--kill-on-bad-exit", command, "trial", jobs["srun"].folder],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=400,
    )
    assert done.returncode == 0, done.stderr
    events: list[Event] = []
    SlurmExecutor(runtime, cpus=2).run([jobs["job"]], events.append)
    assert events[-1].kind == "complete", events[-1].message
    LocalExecutor(runtime).run([jobs["local"]], lambda _: None)

    folders = {place: TrialFolder(job.folder) for place, job in jobs.items()}
    assert {load_record(folder).spec.recipe.processes for folder in folders.values()} == {2}
    for place in ("srun", "job"):
        for table in ("cases", "curve"):
            pd.testing.assert_frame_equal(
                pd.read_parquet(getattr(folders[place], table)),
                pd.read_parquet(getattr(folders["local"], table)),
            )
