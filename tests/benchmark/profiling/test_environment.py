import json
import platform
from dataclasses import asdict
from importlib import metadata

import psutil
import torch
from emseg_bench.benchmark.profiling import environment
from emseg_bench.benchmark.profiling.environment import describe_environment


def test_facts_are_this_machine_s():
    facts = describe_environment("cpu")
    assert facts.python == platform.python_version()
    assert facts.cpu == facts.device_name
    assert 1 <= facts.cpu_cores <= (psutil.cpu_count() or 1)
    assert facts.memory_mib == psutil.virtual_memory().total // 2**20
    assert facts.cuda == torch.version.cuda
    assert facts.cudnn is None


def test_packages_are_what_the_project_requires():
    packages = describe_environment("cpu").packages
    for name in ("emseg-bench", "torch", "numpy", "segmentation-models-pytorch", "mmengine", "pyyaml"):
        assert packages[name] == metadata.version(name)
    assert "pytest" not in packages  # of an extra


def test_facts_go_into_json():
    facts = asdict(describe_environment("cpu"))
    assert json.loads(json.dumps(facts)) == facts


def test_driver_is_read_where_there_is_one(monkeypatch, tmp_path):
    monkeypatch.setattr(environment, "_NVIDIA_DRIVER", tmp_path / "version")
    assert describe_environment("cpu").driver is None
    (tmp_path / "version").write_text("580.65.06\n")
    assert describe_environment("cpu").driver == "580.65.06"
