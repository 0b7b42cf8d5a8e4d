import numpy as np
import pandas as pd
import pytest
import torch
from emseg_bench.benchmark.contracts.data import Case, Manifest, Normalisation, Sample
from emseg_bench.benchmark.contracts.errors import DataError, TrialError
from emseg_bench.benchmark.contracts.settings import ScoringProtocol
from emseg_bench.benchmark.evaluation import calibration, metrics
from emseg_bench.benchmark.evaluation.aggregation import primary_score
from emseg_bench.benchmark.evaluation.evaluate import evaluate
from emseg_bench.benchmark.evaluation.scoring import COLUMNS
from emseg_bench.benchmark.evaluation.segmenter import Segmenter
from emseg_bench.benchmark.trials.checked_dataset import CheckedDataset
from torch import nn

MEAN, STD = 0.4, 0.2
PROTOCOL = ScoringProtocol(name="test", window=16)
METRICS = {"iou": metrics.iou(), "dice": metrics.dice()}


class ToyDataset:
    """Random grey images of several sizes; a pixel's class is its brightness, in equal steps."""

    def __init__(self, classes=2, sizes=((16, 16), (20, 33), (9, 40)), dtype=np.uint8):
        cases = tuple(
            Case(id=f"case{i}", split="test", height=h, width=w, sha256=str(i), group="g" if i else None)
            for i, (h, w) in enumerate(sizes)
        )
        self.manifest = Manifest(
            dataset="toy",
            class_names=tuple("abcdef"[:classes]),
            channels=1,
            mean=(MEAN,),
            std=(STD,),
            cases=cases,
            split_rule="none",
        )
        self.dtype = dtype

    def read(self, case):
        image = np.random.default_rng(int(case.sha256)).integers(
            0, 256, (1, case.height, case.width), np.uint8
        )
        labels = (image[0].astype(int) * len(self.manifest.class_names) // 256).astype(np.uint8)
        return Sample(image if self.dtype == np.uint8 else (image / 255).astype(np.float32), labels)


class Ideal(nn.Module):
    """Undoes the normalisation and says each pixel's class by its brightness."""

    def __init__(self, classes=2):
        super().__init__()
        self.classes = classes
        self.dropout = nn.Dropout(0.5)
        self.seen = []

    def forward(self, windows):
        self.seen.append((windows.shape, self.training, torch.is_grad_enabled()))
        grey = self.dropout(windows * STD + MEAN) * 255
        if self.classes == 2:
            return grey - 127.5
        centres = (torch.arange(self.classes) + 0.5) * 256 / self.classes
        return -(grey + 0.5 - centres[:, None, None]).abs()


def run(
    model,
    dataset,
    on_case=lambda *_: None,
    *,
    metrics=METRICS,
    precision="fp32",
    **changes,
):
    setting = {
        "normalisation": Normalisation(mean=(MEAN,), std=(STD,)),
        "protocol": PROTOCOL,
        "window": 16,
        "size_divisor": 8,
        "device": "cpu",
        "batch_size": 3,
        "num_logits": dataset.manifest.num_logits,
    }
    return evaluate(
        Segmenter(model=model, **{**setting, **changes}),
        CheckedDataset(dataset),
        dataset.manifest.cases,
        metrics=metrics,
        precision=precision,
        on_case=on_case,
    )


@pytest.mark.parametrize("classes", [2, 4])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_ideal_model_is_perfect(classes, dtype):
    frame = run(Ideal(classes), ToyDataset(classes, dtype=dtype))
    assert tuple(frame.columns) == COLUMNS
    assert frame.loc[frame["metric"].isin(["iou", "dice"]), "value"].eq(1).all()
    assert frame.loc[frame["metric"].isin(["fp", "fn"]), "value"].eq(0).all()
    assert frame["case"].unique().tolist() == ["case0", "case1", "case2"]
    assert primary_score(frame, "iou", skips_undefined=True) == 1.0


@pytest.mark.parametrize("classes", [2, 4])
def test_metrics_may_ask_for_probabilities(classes):
    """An ideal model ranks all pixels rightly; the classes' probabilities add up to 1."""
    sums = []

    def add_up(case):
        sums.append(case.probabilities().sum(axis=0))
        return [0.0] * classes

    frame = run(Ideal(classes), ToyDataset(classes), metrics={"auroc": calibration.auroc(), "sum": add_up})
    edges = frame["class_index"].isin([0, classes - 1])
    assert frame[edges & (frame["metric"] == "auroc")]["value"].min() > 0.99
    assert all(np.allclose(total, 1, atol=1e-5) for total in sums)
    assert [total.shape for total in sums] == [(16, 16), (20, 33), (9, 40)]


def test_threshold_of_the_protocol_is_used():
    protocol = ScoringProtocol(name="test", window=16, threshold=1 - 1e-9)
    counts = run(Ideal(), ToyDataset(), protocol=protocol).query("class_index == 1 and metric == 'tp'")
    logit = np.log((1 - 1e-9) / 1e-9)
    images = [ToyDataset().read(case).image for case in ToyDataset().manifest.cases]
    assert counts["value"].tolist() == [int((image - 127.5 > logit).sum()) for image in images]


def test_windows_overlap_and_blending_reach_the_model():
    model, dataset = Ideal(), ToyDataset(sizes=((32, 32),))
    run(model, dataset, protocol=ScoringProtocol(name="test", overlap=0.5), window=15)
    assert [shape for shape, *_ in model.seen] == [(3, 1, 16, 16)] * 3
    model.seen.clear()
    run(model, dataset, protocol=ScoringProtocol(name="test", overlap=0.0), window=15)
    assert [shape for shape, *_ in model.seen] == [(3, 1, 16, 16), (1, 1, 16, 16)]


def test_model_is_evaluated_without_gradients_and_given_back():
    model = Ideal().train()
    model.dropout.eval()
    run(model, ToyDataset())
    assert {(training, grad) for _, training, grad in model.seen} == {(False, False)}
    assert model.training
    assert not model.dropout.training


def test_each_case_is_handed_on_with_its_pixels_and_prediction():
    dataset, heard = ToyDataset(), []
    run(Ideal(), dataset, on_case=lambda *news: heard.append(news))
    assert [case for case, *_ in heard] == list(dataset.manifest.cases)
    for case, sample, prediction, rows in heard:
        assert {(row.case, row.metric, row.value) for row in rows} >= {(case.id, "fp", 0), (case.id, "fn", 0)}
        assert prediction.dtype == np.uint8
        assert np.array_equal(prediction, dataset.read(case).labels)
        assert np.array_equal(sample.image, dataset.read(case).image)


def test_bf16_runs_under_autocast():
    net, dtypes = nn.Conv2d(1, 1, 1), []
    net.register_forward_hook(lambda module, inputs, output: dtypes.append(output.dtype))
    run(net, ToyDataset(), precision="bf16")
    run(net, ToyDataset(), precision="fp32")
    assert dtypes[0] == torch.bfloat16
    assert dtypes[-1] == torch.float32


def test_evaluation_repeats_itself_and_leaves_the_random_state_alone():
    torch.manual_seed(3)
    net = nn.Conv2d(1, 1, 3, padding=1)
    state = torch.random.get_rng_state()
    first = run(net, ToyDataset())
    assert torch.equal(state, torch.random.get_rng_state())
    pd.testing.assert_frame_equal(first, run(net, ToyDataset()))


def test_read_only_pixels_are_fine():
    dataset = ToyDataset()
    read = dataset.read

    def frozen(case):
        sample = read(case)
        sample.image.flags.writeable = sample.labels.flags.writeable = False
        return sample

    dataset.read = frozen
    assert primary_score(run(Ideal(), dataset), "iou", skips_undefined=True) == 1.0


def test_no_case_gives_an_empty_table():
    assert run(Ideal(), ToyDataset(sizes=())).empty


# -------------------------------------------------------------------------------------------- errors
def test_wrong_number_of_logits_names_the_case():
    with pytest.raises(TrialError, match=r"case 'case0': the model gives 1 logit.*expected 3"):
        run(Ideal(2), ToyDataset(3))


def test_diverged_model_names_the_case():
    class Diverged(nn.Module):
        def forward(self, windows):
            return windows / 0

    with pytest.raises(TrialError, match=r"case 'case0': the model's logits are not finite.*row 0, column"):
        run(Diverged(), ToyDataset())


def test_wrong_labels_name_the_case():
    dataset = ToyDataset(3)
    read = dataset.read
    dataset.read = lambda case: Sample(read(case).image, read(case).labels + np.uint8(case.id == "case1"))
    with pytest.raises(DataError, match="case 'case1': true label 3"):
        run(Ideal(3), dataset)


def test_wrong_channels_name_the_case():
    dataset = ToyDataset()
    read = dataset.read
    dataset.read = lambda case: Sample(read(case).image.repeat(2, axis=0), read(case).labels)
    with pytest.raises(DataError, match="case 'case0': the image is \\(2, 16, 16\\)"):
        run(Ideal(), dataset)


def test_metric_must_not_take_a_count_s_name():
    with pytest.raises(TrialError, match="'tp', the name of a confusion count"):
        run(Ideal(), ToyDataset(), metrics={"tp": metrics.iou()})


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_cuda_agrees_with_cpu():
    torch.manual_seed(0)
    net, dataset = nn.Conv2d(1, 1, 3, padding=1), ToyDataset()
    expected = run(net, dataset)
    pd.testing.assert_frame_equal(run(net.cuda(), dataset, device="cuda"), expected, atol=2, rtol=0.02)
