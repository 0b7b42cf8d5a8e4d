"""What was kept of a test case belongs to trial, weights, image, libraries and way of computing."""

from __future__ import annotations

import torch
from emseg_bench.benchmark.contracts.data import Case
from emseg_bench.benchmark.trials import case_keys
from emseg_bench.benchmark.trials.case_keys import CaseKeys
from torch import nn

CASE = Case(id="a", split="test", height=48, width=48, sha256="1")


def test_another_trial_image_weight_device_thread_or_library_is_another_key(make_job, monkeypatch):
    spec, network = make_job().spec, nn.BatchNorm2d(2)

    def key(fingerprint: str = "f", case: Case = CASE, device: str = "cpu") -> str:
        return CaseKeys(fingerprint, spec, network, device).of(case)

    keys = [key(), key("g"), key(case=Case(id="a", split="test", height=48, width=48, sha256="2"))]
    keys += [key(case=Case(id="b", split="test", height=48, width=48, sha256="1")), key(device="meta")]
    assert key() == keys[0]
    network.running_mean += 1
    keys.append(key())
    threads = torch.get_num_threads()
    torch.set_num_threads(threads + 1)
    keys.append(key())
    torch.set_num_threads(threads)
    monkeypatch.setattr(case_keys, "libraries_of", lambda spec: {"torch": "0"})
    assert len({*keys, key()}) == 8
