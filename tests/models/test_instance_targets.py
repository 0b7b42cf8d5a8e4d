"""What networks learn of objects: affinities, boundaries and distances, computed by hand or by SciPy."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from emseg_bench.benchmark.contracts.errors import UsageError
from emseg_bench.benchmark.plugins.asked import complete_options
from emseg_bench.models import instance_options
from emseg_bench.models.affinity_unet import create, reconstruction
from emseg_bench.models.cards_instances import AFFINITY_UNET
from emseg_bench.models.instance_loss import InstanceLoss
from emseg_bench.models.instance_targets import affinities, boundaries, distances
from emseg_bench.plugin import ExtraOutput
from scipy import ndimage

INSTANCES = torch.tensor([[[1, 1, 2, 2], [1, 1, 2, 0], [3, 3, 0, 0]]])
LABELS = torch.tensor([[[1, 1, 1, 2], [1, -100, 1, 0], [1, 1, 0, 0]]])
"""An object of two labels, and a pixel that does not count."""


def test_affinities():
    same, valid = affinities(LABELS, INSTANCES, [(-1, 0), (0, -1), (0, 2)])
    assert same.int().tolist() == [
        [
            [[0, 0, 0, 0], [1, 0, 1, 0], [0, 0, 0, 0]],  # with the one above
            [[0, 1, 0, 0], [0, 0, 0, 0], [0, 1, 0, 0]],  # with the one to the left
            [[0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]],  # with the second one to the right
        ]
    ]
    assert valid.int().tolist() == [
        [
            [[0, 0, 0, 0], [1, 0, 1, 1], [1, 0, 1, 1]],
            [[0, 1, 1, 1], [0, 0, 0, 1], [0, 1, 1, 1]],
            [[1, 1, 0, 0], [1, 0, 0, 0], [1, 1, 0, 0]],
        ]
    ]


def test_boundaries_lie_on_both_sides():
    instances = torch.tensor([[[1, 1, 1, 2], [1, 1, 1, 2], [1, 1, 1, 0], [1, 1, 1, 0]]])
    boundary, valid = boundaries((instances > 0).long(), instances)
    assert boundary[0].int().tolist() == [[0, 0, 1, 1], [0, 0, 1, 1], [0, 0, 1, 1], [0, 0, 1, 1]]
    assert valid.all()
    labels = (instances > 0).long()
    labels[0, :, 3] = -100
    boundary, valid = boundaries(labels, instances)
    assert not boundary.any()
    assert valid[0].int().tolist() == [[1, 1, 1, 0]] * 4


@pytest.mark.parametrize("seed", range(3))
def test_distances_are_those_of_scipy(seed):
    rng = np.random.default_rng(seed)
    boundary = rng.random((40, 50)) > 0.98
    instances = torch.from_numpy(rng.integers(0, 4, (1, 40, 50)))
    found, known = distances(torch.from_numpy(boundary)[None], instances, 8.0)
    expected = np.minimum(ndimage.distance_transform_edt(~boundary), 8) * (instances[0].numpy() > 0)
    np.testing.assert_allclose(found[0].numpy(), expected, rtol=1e-6)
    assert known[0, 10:-10, 10:-10].all()
    assert known[0, 0, 5].item() == (expected[0, 5] <= 1)


def test_a_perfect_answer_costs_nothing_and_no_pixel_that_does_not_count():
    offsets = ((-1, 0), (0, -1))
    loss = InstanceLoss(1, tuple(ExtraOutput(kind="affinity", offset=one) for one in offsets))
    same, valid = affinities(LABELS, INSTANCES, offsets)
    logits = torch.where(same, 20.0, -20.0).masked_fill(~valid, 7.0)
    right = torch.cat([torch.zeros(1, 1, 3, 4), logits], 1)
    assert float(loss(right, LABELS, INSTANCES)) < 1e-3
    wrong = torch.cat([torch.zeros(1, 1, 3, 4), -logits], 1)
    assert float(loss(wrong, LABELS, INSTANCES)) > 9


def test_the_loss_of_boundaries_is_that_of_both_outputs():
    loss = InstanceLoss(1, instance_options.outputs(target="boundaries", offsets=""))
    instances = torch.ones(1, 20, 20, dtype=torch.int64)
    instances[..., 10:] = 2
    labels = torch.ones_like(instances)
    boundary, _ = boundaries(labels, instances)
    far, _ = distances(boundary, instances, 8.0)
    logits = torch.where(boundary, 20.0, -20.0)
    right = torch.stack([torch.zeros_like(far), logits, far], 1)
    assert float(loss(right, labels, instances)) < 1e-3
    off = torch.stack([torch.zeros_like(far), logits, far + 4], 1)
    assert float(loss(off, labels, instances)) == pytest.approx(0.5, abs=1e-3)
    nothing = torch.full_like(labels, -100)
    assert float(loss(right, nothing, instances)) == 0


@pytest.mark.parametrize(
    ("given", "outputs", "decoder"),
    [
        ({}, 8, "mutex-watershed"),
        ({"offsets": 1, "objects": "waterz"}, 2, "waterz"),
        ({"target": "boundaries"}, 2, "boundary-watershed"),
        ({"target": "boundaries", "objects": "components"}, 2, "components"),
    ],
)
def test_what_it_predicts_follows_from_its_options(given, outputs, decoder):
    options = complete_options(AFFINITY_UNET, {"encoder": "resnet18"} | given)
    extra = AFFINITY_UNET.extra_outputs(**options)
    assert len(extra) == outputs
    assert AFFINITY_UNET.decoder(**options) == decoder
    network = create(1, 2, **options).eval()
    assert network(torch.zeros(1, 1, 32, 32)).shape == (1, 2 + outputs, 32, 32)
    assert network.auxiliary_loss.outputs == extra


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"offsets": "1+x"}, "expected up to 10 distances"),
        ({"offsets": 0}, "expected up to 10 distances"),
        (
            {"target": "boundaries", "objects": "waterz"},
            "waterz reads affinities, and the target is boundaries",
        ),
    ],
)
def test_options_that_do_not_fit_are_told(given, words):
    with pytest.raises(UsageError, match=words):
        complete_options(AFFINITY_UNET, given)


def test_what_reconstructs_images_has_the_same_parts_but_for_the_head():
    options = complete_options(AFFINITY_UNET, {"encoder": "resnet18"})
    own, other = create(1, 1, **options), reconstruction(**options)
    shapes = [{name: value.shape for name, value in one.state_dict().items()} for one in (own, other)]
    assert shapes[0].keys() == shapes[1].keys()
    differing = {name for name in shapes[0] if shapes[0][name] != shapes[1][name]}
    assert all(name.startswith("segmentation_head") for name in differing)
    assert other.eval()(torch.zeros(1, 1, 32, 32)).shape == (1, 1, 32, 32)
