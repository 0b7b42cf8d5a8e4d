import time

import pytest
import torch
from emseg_bench.benchmark.profiling import latency
from emseg_bench.benchmark.profiling.latency import Limits, measure_latency, measure_throughput
from torch import nn

QUICK = Limits(least_runs=5, most_runs=8, seconds=1.0)


class Clock:
    """A clock that stands still until a model moves it."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


class Model(nn.Module):
    """Takes known times on the clock (s), the last one from then on; remembers what it was called with."""

    def __init__(self, clock, *seconds, memory=100):
        super().__init__()
        self.clock, self.seconds, self.memory = clock, seconds, memory
        self.calls = []

    def forward(self, images):
        if len(images) > self.memory:
            raise torch.OutOfMemoryError("CUDA out of memory")
        self.clock.now += self.seconds[min(len(self.calls), len(self.seconds) - 1)]
        self.calls.append((images, self.training, torch.is_inference_mode_enabled()))
        return images


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(latency, "perf_counter", clock)
    return clock


def measure(model, shape=(1, 1, 4, 4), precision="fp32", limits=QUICK):
    return measure_latency(model, shape, device="cpu", precision=precision, limits=limits)


def no_note(message):
    raise AssertionError(message)


def test_latency_of_a_real_duration():
    class Sleeper(nn.Module):
        def forward(self, images):
            time.sleep(0.005)
            return images

    measured = measure_latency(Sleeper(), (1, 1, 8, 8), device="cpu", precision="fp32")
    assert measured.runs == 30
    assert 5 <= measured.p50_ms < 20
    assert measured.p50_ms <= measured.p95_ms


def test_percentiles_are_of_the_runs_after_warm_up(clock):
    """Runs of 1 to 5 ms: the median is 3, the 95th percentile lies 80 % of the way from 4 to 5."""
    model = Model(clock, 9.0, 9.0, 0.001, 0.002, 0.003, 0.004, 0.005)
    measured = measure(model, limits=Limits(least_runs=5, most_runs=5, seconds=1))
    assert (measured.p50_ms, measured.p95_ms, measured.runs) == (pytest.approx(3), pytest.approx(4.8), 5)


@pytest.mark.parametrize(
    ("limits", "runs"),
    [
        (Limits(least_runs=3, most_runs=6, seconds=60), 6),
        (Limits(least_runs=3, most_runs=60, seconds=0), 3),
        (Limits(least_runs=1, most_runs=60, seconds=1.0), 4),
    ],
    ids=["by count", "at least", "by time"],
)
def test_runs_are_bounded(clock, limits, runs):
    assert measure(Model(clock, 0.25), limits=limits).runs == runs


@pytest.mark.parametrize(("seconds", "runs"), [(0.001, 5), (0.4, 3), (7.0, 2)])
def test_warm_up_is_bounded_too(clock, seconds, runs):
    model = Model(clock, seconds)
    measured = measure(model, limits=Limits(least_runs=1, most_runs=1, seconds=1))
    assert len(model.calls) == runs + measured.runs


def test_input_is_as_in_evaluation(clock):
    model = Model(clock, 0.1)
    state = torch.random.get_rng_state()
    measure(model, (1, 3, 8, 16))
    images, training, inference_mode = model.calls[0]
    assert (training, inference_mode) == (False, True)
    assert images.shape == (1, 3, 8, 16)
    assert images.is_contiguous(memory_format=torch.channels_last)
    assert images.std().item() == pytest.approx(1, abs=0.2)
    assert model.training
    assert torch.equal(state, torch.random.get_rng_state())


def test_bf16_is_timed_under_autocast():
    model, types = nn.Conv2d(1, 1, 1), []
    model.register_forward_hook(lambda module, inputs, output: types.append(output.dtype))
    measure(model, precision="bf16")
    assert set(types) == {torch.bfloat16}


def test_throughput_of_a_known_duration(clock):
    """20 and 60 ms for 4 images each are 8 images in 80 ms."""
    model = Model(clock, 9.0, 9.0, 0.02, 0.06)
    limits = Limits(least_runs=2, most_runs=2, seconds=1)
    measured = measure_throughput(
        model, (4, 1, 8, 8), device="cpu", precision="fp32", on_note=no_note, limits=limits
    )
    assert (measured.batch, measured.images_per_s) == (4, pytest.approx(100))


def test_batch_is_halved_and_noted_where_memory_is_short(clock):
    notes = []
    measured = measure_throughput(
        Model(clock, 0.02, memory=3),
        (16, 1, 8, 8),
        device="cpu",
        precision="fp32",
        on_note=notes.append,
        limits=QUICK,
    )
    assert (measured.batch, measured.images_per_s) == (2, pytest.approx(100))
    assert [note.split(":")[0] for note in notes] == [f"no memory for a batch of {n}" for n in (16, 8, 4)]


def test_no_memory_at_all_is_an_error(clock):
    model = Model(clock, 0.02, memory=0)
    with pytest.raises(torch.OutOfMemoryError):
        measure_throughput(
            model, (2, 1, 8, 8), device="cpu", precision="fp32", on_note=lambda note: None, limits=QUICK
        )


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_cuda_is_waited_for():
    """A large matrix product is queued in microseconds but computed in milliseconds."""

    class Product(nn.Module):
        def forward(self, images):
            return images @ images @ images

    measured = measure_latency(Product(), (1, 1, 8192, 8192), device="cuda", precision="fp32", limits=QUICK)
    assert measured.p50_ms > 5
