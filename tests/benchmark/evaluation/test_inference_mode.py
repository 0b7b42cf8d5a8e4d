import pytest
import torch
from emseg_bench.benchmark.evaluation.inference import autocast, inference
from torch import nn


def model():
    net = nn.Sequential(nn.Conv2d(1, 1, 1), nn.BatchNorm2d(1), nn.Dropout(0.5))
    net.train()
    net[1].eval()  # a frozen part
    return net


def test_evaluation_without_gradients():
    net = model()
    with inference(net, "cpu", "fp32"):
        assert not any(module.training for module in net.modules())
        output = net(torch.zeros(1, 1, 2, 2))
    assert output.is_inference()


def test_each_module_gets_its_own_mode_back():
    net = model()
    with inference(net, "cpu", "fp32"):
        pass
    assert [module.training for module in net.modules()] == [True, True, False, True]


def test_modes_come_back_after_an_error():
    net = model()
    with pytest.raises(KeyError), inference(net, "cpu", "fp32"):
        raise KeyError
    assert [module.training for module in net.modules()] == [True, True, False, True]
    assert not torch.is_inference_mode_enabled()


@pytest.mark.parametrize(("precision", "dtype"), [("fp32", torch.float32), ("bf16", torch.bfloat16)])
def test_precision(precision, dtype):
    with inference(net := model(), "cpu", precision):
        assert net[0](torch.zeros(1, 1, 2, 2)).dtype == dtype
    with autocast(torch.device("cpu"), precision):
        assert net[0](torch.zeros(1, 1, 2, 2)).dtype == dtype


def test_fp32_inside_bf16_is_fp32():
    with autocast("cpu", "bf16"), autocast("cpu", "fp32"):
        assert model()[0](torch.zeros(1, 1, 2, 2)).dtype == torch.float32
