"""What Slurm's programs say, where nothing of it is installed: they are scripts here that say it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from emseg_bench.benchmark.contracts.errors import UsageError
from emseg_bench.benchmark.executors.slurm.options import SlurmOptions
from emseg_bench.benchmark.executors.slurm.queue import JobState, QueueError, array_limit, ending, queued
from emseg_bench.benchmark.executors.slurm.submission import _refused

Says = Callable[..., None]


@pytest.fixture
def says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Says:
    """Let one of Slurm's programs say something; those that are not told what are not there."""
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    for name in ("squeue", "sacct", "scontrol", "sinfo"):
        script(tmp_path / name, "", "no cluster here", 1)

    def say(name: str, out: str = "", err: str = "", code: int = 0) -> None:
        script(tmp_path / name, out, err, code)

    return say


def script(path: Path, out: str, err: str, code: int) -> None:
    texts = "".join(f"cat <<'END' >&{number}\n{text}\nEND\n" for number, text in ((1, out), (2, err)) if text)
    path.write_text(f"#!/bin/sh\n{texts}exit {code}\n")
    path.chmod(0o755)


def test_the_queue_is_read_by_job(says):
    says(
        "squeue",
        "7_0|RUNNING|None|node1\n7_1|PENDING|Resources|\n7_2|COMPLETED|None|node1\n9|PENDING|Priority|\n",
    )
    assert queued(["7_0", "7_1", "7_2", "8"]) == {
        "7_0": JobState(state="RUNNING", nodes="node1"),
        "7_1": JobState(state="PENDING", reason="Resources"),
    }
    says("squeue", err="slurm_load_jobs error: Invalid job id specified", code=1)
    assert queued(["7_0"]) == {}
    says("squeue", err="Unable to contact slurm controller", code=1)
    with pytest.raises(QueueError, match="squeue says: Unable to contact slurm controller"):
        queued(["7_0"])


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("CANCELLED by 1000|None|0:15|node1", "CANCELLED, exit code 0:15, on node1; somebody cancelled it"),
        ("TIMEOUT|TimeLimit|0:0|node1", "TIMEOUT, reason TimeLimit, on node1; give it more hours=..."),
        (
            "NODE_FAIL|NodeDown|1:0|node2",
            "NODE_FAIL, reason NodeDown, exit code 1:0, on node2; its node failed",
        ),
        (
            "RUNNING|None|0:0|node1\nOUT_OF_MEMORY|None|0:125|node3",
            "OUT_OF_MEMORY, exit code 0:125, on node3; give it",
        ),
    ],
)
def test_how_a_job_ended_is_told_by_its_accounting(says, line, told):
    says("sacct", line)
    found = ending("7_1")
    assert found is not None
    assert f"{found}; {found.hint}".startswith(told)


def test_without_accounting_the_controller_tells_it(says):
    says("sacct", err="Slurm accounting storage is disabled", code=1)
    assert ending("7_1") is None
    says(
        "scontrol",
        "JobId=8 ArrayJobId=7 JobState=NODE_FAIL Reason=None ExitCode=0:1 NodeList=node2 BatchHost=n",
    )
    assert ending("7_1") == JobState(state="NODE_FAIL", exit_code="0:1", nodes="node2")
    says("scontrol", "JobId=8 JobState=COMPLETING Reason=None ExitCode=0:0 NodeList=node2")
    assert ending("7_1") is None


def test_the_longest_array_is_the_clusters(says):
    says("scontrol", "Configuration data\nMaxArraySize            = 501\nMaxJobCount             = 10000")
    assert array_limit() == 501


def test_what_sbatch_refuses_is_one_sentence(says):
    says("sinfo", "gpu\nall\n")
    error = "sbatch: error: invalid partition specified: x\nsbatch: error: Batch job submission failed: No.\n"
    assert _refused(error) == (
        "Slurm does not take these jobs: invalid partition specified: x; Batch job submission failed: No; "
        "there are the partitions all, gpu."
    )


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"partition": "a\nrm"}, "slurm[partition]: got 'a\\nrm', expected letters"),
        ({"constraint": "$(x)"}, "slurm[constraint]: got '$(x)'"),
        ({"extra": "output=/etc/passwd"}, "'output' cannot be given, expected one of begin, comment"),
        ({"extra": "comment='a;b c'"}, "slurm[extra=comment]: got 'a;b c'"),
    ],
)
def test_what_would_be_something_else_in_a_script_is_refused(options, told):
    with pytest.raises(UsageError) as refused:
        SlurmOptions(**options)
    assert told in str(refused.value)


def test_several_partitions_and_further_options_are_as_sbatch_wants_them():
    options = SlurmOptions(partition="gpu+spare", extra="reservation=course --exclude=node[1-3],node7")
    assert options.partitions == "gpu,spare"
    assert options.extra_options == {"reservation": "course", "exclude": "node[1-3],node7"}
