"""Networks that give more than logits, without what they give more: files hold what decides labels."""

from __future__ import annotations

from torch import Tensor, nn

from ..benchmark.predictions.network import TrainedWeights


class LogitsAlone(nn.Module):
    """Gives the first outputs of a network.

    Args:
        network: Maps (N, C, H, W) to (N, K + E, H, W).
        num_logits: K.
    """

    def __init__(self, network: nn.Module, num_logits: int) -> None:
        super().__init__()
        self.network, self._num_logits = network, num_logits

    def forward(self, images: Tensor) -> Tensor:
        """Map images (N, C, H, W) to logits (N, K, H, W)."""
        outputs: Tensor = self.network(images)
        return outputs[:, : self._num_logits]


def logits_alone(network: nn.Module, weights: TrainedWeights) -> nn.Module:
    """Give the network of some weights as one that gives logits alone: itself, if it does."""
    return LogitsAlone(network, weights.num_logits) if weights.extra_outputs else network
