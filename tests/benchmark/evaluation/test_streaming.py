"""Volumes in slabs give what one slab gives, to the integer; held against plain loops over windows."""

from __future__ import annotations

import errno
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from emseg_bench.benchmark.contracts.data import Normalisation
from emseg_bench.benchmark.contracts.errors import DataError, StoreError, TrialError
from emseg_bench.benchmark.contracts.settings import ScoringProtocol
from emseg_bench.benchmark.evaluation import kept_sums, scratch, working
from emseg_bench.benchmark.evaluation.kept_slices import KeptSlices
from emseg_bench.benchmark.evaluation.postprocessing import fill_holes
from emseg_bench.benchmark.evaluation.segmenter import Segmenter
from emseg_bench.benchmark.evaluation.volumes import segment_into, segment_volume
from emseg_bench.benchmark.evaluation.votes import votes
from emseg_bench.benchmark.evaluation.working import Work
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

PROTOCOL = ScoringProtocol(name="p", blending="constant")
AXES = {"stack": (0,), "orthoplane": (0, 1, 2)}


def segmenter(model, **changes):
    """Pixels reach the model as 0 to 255, so that sums of a few are exact."""
    setting = {
        "model": model,
        "normalisation": Normalisation(mean=(0.0,), std=(1 / 255,)),
        "protocol": PROTOCOL,
        "window": 16,
        "size_divisor": 1,
        "device": "cpu",
        "batch_size": 4,
    }
    return Segmenter(**{**setting, **changes})


def ramps(outputs):
    """A model whose answer depends on where in the window a pixel lies; whole numbers of 64ths."""

    def model(windows):
        height, width = windows.shape[-2:]
        y, x = torch.arange(height)[:, None], torch.arange(width)
        channels = [(windows * (k % 2 * 2 - 1) + k * y - (3 - k) * x) / 64 for k in range(outputs)]
        return torch.cat(channels, dim=1)

    return model


def volume_of(shape, seed=0):
    return np.random.default_rng([seed, *shape]).integers(0, 256, shape, np.uint8)


# --------------------------------------------------------------------------------- the plain version
def starts(length, side, overlap):
    step = max(1, math.floor(side * (1 - overlap) + 1e-6))
    places = list(range(0, max(length - side, 0) + 1, step))
    return places if places[-1] == max(length - side, 0) else [*places, max(length - side, 0)]


def plain_logits(model, plane, side, overlap):
    """Sums of whole numbers in double precision; zeros around a plane smaller than a window."""
    missing = [max(side - length, 0) for length in plane.shape]
    padded = np.pad(plane.astype(np.float32), [(m // 2, m - m // 2) for m in missing])
    total, weight = 0, np.zeros(padded.shape)
    for y in starts(padded.shape[0], side, overlap):
        for x in starts(padded.shape[1], side, overlap):
            place = np.s_[y : y + side, x : x + side]
            out = model(torch.from_numpy(padded[place].copy())[None, None])[0].double().numpy()
            total = np.zeros((len(out), *padded.shape)) if np.isscalar(total) else total
            total[:, *place] += out
            weight[place] += 1
    mean = total.astype(np.float32) / weight.astype(np.float32)
    top, left = (m // 2 for m in missing)
    return torch.from_numpy(mean[:, top : top + plane.shape[0], left : left + plane.shape[1]])


def plain_labels(model, volume, axes, side, overlap):
    total = 0
    for axis in AXES[axes]:
        planes = [plain_logits(model, plane, side, overlap) for plane in np.moveaxis(volume, axis, 0)]
        shares = np.stack([votes(plane, len(AXES[axes])) for plane in planes], axis=1)
        total = total + np.moveaxis(shares, 1, axis + 1)
    return (total[0] > 127).astype(np.uint8) if len(total) == 1 else total.argmax(0).astype(np.uint8)


@settings(max_examples=30)
@given(
    shape=st.tuples(*[st.integers(1, 14)] * 3),
    window=st.integers(2, 12),
    overlap=st.floats(0, 0.9),
    axes=st.sampled_from(["stack", "orthoplane"]),
    outputs=st.sampled_from([1, 3]),
    batch=st.integers(1, 7),
)
def test_every_slab_and_batch_gives_the_plain_labels(shape, window, overlap, axes, outputs, batch):
    model, volume = ramps(outputs), volume_of(shape)
    protocol = replace(PROTOCOL, slice_overlap=overlap, padding="zero")
    ours = segmenter(model, window=window, protocol=protocol, batch_size=batch)
    expected = plain_labels(model, volume, axes, window, overlap)
    for slab in (1, 3, max(shape)):
        assert np.array_equal(segment_volume(ours, volume, axes, slab=slab), expected)


# ------------------------------------------------------------------------ the same for any network
class Listener(nn.Module):
    """A network with roundings of its own, which remembers what it saw."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.net = nn.Sequential(nn.Conv2d(1, 8, 7, padding=3), nn.ReLU(), nn.Conv2d(8, 3, 5, padding=2))
        self.seen = []

    def forward(self, windows):
        self.seen.append(windows.clone())
        return self.net(windows)


@pytest.mark.parametrize("axes", ["stack", "orthoplane"])
@pytest.mark.parametrize(
    "changes", [{}, {"blending": "gaussian", "blend_on": "probabilities", "flips": True}]
)
def test_the_network_sees_equal_batches_whatever_the_slab(axes, changes):
    volume, seen, labels = volume_of((5, 21, 18)), [], []
    for slab in (1, 3, 21, None):
        network = Listener().requires_grad_(False)
        ours = segmenter(network, protocol=replace(PROTOCOL, **changes))
        labels.append(segment_volume(ours, volume, axes, slab=slab))
        seen.append(network.seen)
    for others in seen[1:]:
        assert len(others) == len(seen[0])
        assert all(torch.equal(mine, other) for mine, other in zip(seen[0], others, strict=True))
    assert all(np.array_equal(labels[0], other) for other in labels[1:])
    assert len(np.unique(labels[0])) > 1


class KilledError(Exception):
    pass


class Mortal(Listener):
    """Stands in for a process that is killed in a forward pass."""

    def __init__(self, passes: int) -> None:
        super().__init__()
        self.passes = passes

    def forward(self, windows):
        if len(self.seen) == self.passes:
            raise KilledError
        return super().forward(windows)


@pytest.mark.parametrize("passes", [4, 19])
@pytest.mark.parametrize(
    ("axes", "changes", "shape"),
    [
        ("stack", {}, (13, 20, 18)),  # 9 windows a slice: forward passes begin with every fourth
        ("orthoplane", {}, (5, 20, 18)),
        ("orthoplane", {"window": "whole-padded", "postprocess": ("fill-holes",)}, (5, 20, 18)),
    ],
)
def test_a_killed_one_goes_on_with_equal_batches(tmp_path, monkeypatch, passes, axes, changes, shape):
    monkeypatch.setattr(kept_sums, "SECONDS", 0)
    volume, whole = volume_of(shape), Listener().requires_grad_(False)
    protocol = replace(PROTOCOL, **changes)
    steps = (fill_holes(),) if protocol.postprocess else ()
    told: list[int] = []

    def segmented(network, kept, on_windows=lambda _: None):
        ours = segmenter(network, protocol=protocol, steps=steps, on_windows=on_windows)
        labels = None if kept is None else kept.labels(shape)
        return segment_volume(ours, volume, axes, out=labels, scratch=tmp_path, kept=kept, slab=5)

    expected = segmented(whole, None)
    passes = min(passes, len(whole.seen) - 2)
    killed = Mortal(passes).requires_grad_(False)
    with pytest.raises(KilledError):
        segmented(killed, KeptSlices(Work(tmp_path / "work", lambda: "key")))
    resumed, kept = Listener().requires_grad_(False), KeptSlices(Work(tmp_path / "work", lambda: "key"))
    assert np.array_equal(segmented(resumed, kept, told.append), expected)
    assert all(any(torch.equal(mine, other) for other in whole.seen) for mine in resumed.seen)
    assert sum(told) == sum(map(len, whole.seen))
    # the slices that waited to be written, and those before them that share forward passes with them
    waiting = (2 + 1 + 3) * 9 / 4
    assert len(resumed.seen) <= len(whole.seen) - passes + waiting


def test_what_is_kept_of_a_volume_outlives_its_process(tmp_path, monkeypatch):
    monkeypatch.setattr(kept_sums, "SECONDS", 0)
    kept = KeptSlices(Work(tmp_path / "work", lambda: "key"))
    kept.labels((4, 2, 2))[:2] = 7
    kept.votes(2, (1, 4, 2, 2))[..., :1] = 9
    kept.keep(2, 1)
    kept.keep(0, 2)
    again = KeptSlices(Work(tmp_path / "work", lambda: "key"))
    assert [again.done(axis) for axis in range(3)] == [2, 0, 1]
    assert again.labels((4, 2, 2)).reshape(4, -1).tolist() == [[7] * 4] * 2 + [[0] * 4] * 2
    assert again.votes(2, (1, 4, 2, 2)).sum() == 4 * 2 * 9
    assert KeptSlices(Work(tmp_path / "work", lambda: "others")).done(0) == 0


def test_a_disk_without_space_for_what_is_kept_is_told(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(working, "take_space", full)
    with pytest.raises(StoreError, match=r"segmenting needs 3 MiB of scratch space in .* \(No space left"):
        KeptSlices(Work(tmp_path / "work", lambda: "key")).labels((3, 1024, 1024))


def test_windows_of_several_slices_share_a_forward_pass():
    network = Listener()
    segment_volume(segmenter(network, batch_size=5), volume_of((4, 16, 20)), "stack")
    assert [len(windows) for windows in network.seen] == [5, 3]  # two windows of each slice


# --------------------------------------------------------------------------------- votes of three axes
def test_three_axes_vote_by_hand():
    """A voxel of probability p per axis, from three logits that a model reads off the slice's shape.

    The slices along z are 1 x 2, along y 1 x 2 and along x 1 x 1 px.  With probabilities 0.2, 0.9 and 0.5
    the votes are 0.2 x 85 = 17, 0.9 x 85 = 76.5 -> 76 and 42.5 -> 42: 135 in all, above 127.
    """
    answers = iter([0.5, 0.5, 0.9, 0.2])  # x, x, y, z: in the order in which they vote

    def model(windows):
        chance = next(answers)
        return torch.full_like(windows, math.log(chance / (1 - chance)))

    ours = segmenter(model, protocol=replace(PROTOCOL, window="whole-padded"), window=1, batch_size=1)
    assert segment_volume(ours, np.zeros((1, 1, 2), np.uint8), "orthoplane").tolist() == [[[1, 1]]]
    answers = iter([0.5, 0.5, 0.8, 0.2])  # 68 + 17 + 42 = 127 is not above 127
    assert segment_volume(ours, np.zeros((1, 1, 2), np.uint8), "orthoplane").tolist() == [[[0, 0]]]


# ------------------------------------------------------------------------------- where things are kept
class OnlySlabs:
    """A volume that gives slabs along z and nothing else."""

    def __init__(self, volume):
        self._volume = volume
        self.shape, self.dtype = volume.shape, volume.dtype
        self.read = []

    def __getitem__(self, index):
        assert isinstance(index, slice)
        self.read.append(index)
        return self._volume[index]


@pytest.mark.parametrize("axes", ["stack", "orthoplane"])
def test_large_volumes_use_a_file_that_vanishes(axes, tmp_path, monkeypatch):
    volume, expected_model = volume_of((4, 9, 11)), ramps(2)
    expected = segment_volume(segmenter(expected_model), volume, axes)
    files, make = [], scratch.scratch_zeros

    def listening(length, folder):
        files.append(folder)
        return make(length, folder)

    monkeypatch.setattr(scratch, "scratch_zeros", listening)
    monkeypatch.setattr(scratch.scratch_array, "__defaults__", (0,))
    labels = np.memmap(tmp_path / "labels", np.uint8, "w+", shape=volume.shape)
    given_back = segment_volume(
        segmenter(expected_model), OnlySlabs(volume), axes, out=labels, slab=2, scratch=tmp_path / "s"
    )
    assert given_back is labels
    assert np.array_equal(labels, expected)
    # along three axes the pixels are copied to where they can be cut along x, and votes are summed
    assert files == ([] if axes == "stack" else [tmp_path / "s"] * 2)
    assert axes == "stack" or not list((tmp_path / "s").iterdir())


def test_nothing_is_left_after_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr(scratch.scratch_array, "__defaults__", (0,))

    def model(windows):
        model.calls += 1
        return windows * (math.nan if model.calls > 6 else 1)

    model.calls = 0
    with pytest.raises(TrialError, match="slice"):
        segment_volume(segmenter(model), volume_of((4, 9, 11)), "orthoplane", scratch=tmp_path)
    assert not list(tmp_path.iterdir())


def test_labels_come_in_the_order_of_z():
    came = []

    class Sink:
        def __setitem__(self, index, labels):
            came.append((index.start, len(labels)))

    segment_into(Sink(), segmenter(ramps(1)), OnlySlabs(volume_of((7, 4, 4))), "orthoplane", slab=3)
    assert came == [(0, 3), (3, 3), (6, 1)]


def test_what_breaks_in_reading_and_writing_surfaces():
    class Broken(OnlySlabs):
        def __getitem__(self, index):
            raise DataError("page 3 is damaged")

    class Full:
        def __setitem__(self, index, labels):
            raise OSError("disk full")

    with pytest.raises(DataError, match="page 3 is damaged"):
        segment_volume(segmenter(ramps(1)), Broken(volume_of((4, 4, 4))), "stack")
    with pytest.raises(OSError, match="disk full"):
        segment_into(Full(), segmenter(ramps(1)), volume_of((4, 4, 4)), "stack", slab=1)


# -------------------------------------------------------------------------------------- failure rules
@pytest.mark.parametrize(("axis", "name"), list(enumerate("zyx")))
@pytest.mark.parametrize("blend_on", ["logits", "probabilities"])
@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_logit_that_is_not_finite_is_told_with_slice_axis_and_place(axis, name, blend_on, value):
    volume = np.zeros((20, 20, 20), np.uint8)
    place = (3, 17, 18)
    volume[place] = 255
    ours = segmenter(
        lambda windows: windows.masked_fill(windows == 255, value),
        protocol=replace(PROTOCOL, blend_on=blend_on, slice_overlap=0.25),
    )
    row, column = (place[other] for other in range(3) if other != axis)
    told = rf"channel 0 at slice {place[axis]} along {name}, row {row}, column {column} \(px\), 1 of 400"
    planes = np.moveaxis(volume, axis, 0)
    with torch.inference_mode(), pytest.raises(TrialError, match=told):
        list(ours.slices(planes, (20, 20), name))


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (lambda w: w.expand(-1, 3, -1, -1), r"gives 3 logit\(s\) per pixel .*slice 0 along z, .*expected 2"),
        (lambda w: w[..., 1:], r"logits \(4, 1, 16, 15\) for the windows from slice 0 along z, row 0"),
    ],
)
def test_a_wrong_output_is_told_at_once(model, message):
    calls = []

    def counted(windows):
        calls.append(1)
        return model(windows)

    with pytest.raises(TrialError, match=message):
        segment_volume(segmenter(counted, num_logits=2), volume_of((9, 20, 20)), "stack")
    assert len(calls) == 1


def test_a_wrong_output_in_a_later_slice_names_it():
    counts = iter([2, 2, 3])
    with pytest.raises(TrialError, match=r"gives 3 logit\(s\) .*slice 2 along z, row 0, column 0"):
        segment_volume(
            segmenter(lambda w: w.expand(-1, next(counts), -1, -1), batch_size=1),
            volume_of((4, 16, 16)),
            "stack",
        )
