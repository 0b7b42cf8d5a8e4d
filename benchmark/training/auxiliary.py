"""What a module adds to the recipe's loss: its own ``auxiliary_loss``, held to what it must give."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from ..contracts.errors import TrialError
from ..plugins.strangers import RAISED, describe_error
from .loss import NOTHING


@dataclass(frozen=True, slots=True)
class AuxiliaryLoss:
    """A module's own loss."""

    function: Any

    def __call__(
        self, outputs: Tensor, labels: Tensor, instances: Tensor, ignore_value: int | None
    ) -> Tensor:
        """Give the loss of a batch.

        Args:
            outputs: (N, K + E, H, W) of any float type.
            labels: (N, H, W) int64.
            instances: (N, H, W) int64 numbers of true objects, 0 for none.
            ignore_value: Label of pixels that do not count; the module sees -100 there.

        Raises:
            TrialError: It fails, or gives no scalar.
        """
        if ignore_value is not None:
            labels = labels.masked_fill(labels == ignore_value, NOTHING)
        try:
            loss = self.function(outputs, labels, instances)
        except RAISED as error:
            raise TrialError(f"the model's auxiliary_loss failed with {describe_error(error)}") from error
        if not isinstance(loss, Tensor) or loss.ndim:
            got = f"a tensor {tuple(loss.shape)}" if isinstance(loss, Tensor) else f"a {type(loss).__name__}"
            raise TrialError(f"the model's auxiliary_loss returned {got}, expected a scalar tensor.")
        return loss


def auxiliary_loss_of(network: nn.Module, num_extra: int) -> AuxiliaryLoss | None:
    """Give the loss that a module has beside the recipe's; None: it has none.

    Args:
        network: The module.
        num_extra: How many outputs follow its logits.

    Raises:
        TrialError: There are some, and nothing would train them.
    """
    function = getattr(network, "auxiliary_loss", None)
    if callable(function):
        return AuxiliaryLoss(function)
    if num_extra:
        raise TrialError(
            f"the model gives {num_extra} output(s) behind its logits, and nothing trains them: give its "
            "module the method auxiliary_loss(outputs, labels, instances)."
        )
    return None
