"""How much of a model is trained: ``train=all``, ``head``, ``norm``, ``last-2``, ``lora[rank=8]``.

The backbone is what pre-trained weights fill (`ModelCard.backbone`), the head is the rest and always trains.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Annotated, Any, Final, Literal

from annotated_types import Ge, Gt, Le

from ..contracts.basics import OptionValue
from ..contracts.cards import ModelCard
from ..contracts.errors import UnknownNameError, UsageError
from ..contracts.records import ModelSpec
from ..files.printable import brief
from ..plugins.asked import complete_options
from ..plugins.option_docs import OptionDoc
from ..plugins.references import TRAIN, label, parse_method

ALL: Final = "all"
WAYS: Final[Mapping[str, str]] = {
    ALL: "everything",
    "head": "all but the backbone",
    "norm": "the head, and scales and shifts of the backbone's normalisation layers",
    "last-N": "the head, the backbone's last N blocks and what comes after them",
    "lora": "the head, and low-rank additions to the backbone's linear layers",
}
"""What trains, by what is written."""
_LAST: Final = re.compile("last-([1-9][0-9]{0,3})")


@dataclass(frozen=True, slots=True, kw_only=True)
class LoraOptions:
    """What ``lora`` takes (Hu et al. 2022, arXiv:2106.09685)."""

    rank: Annotated[int, Ge(1), Le(1024)] = 8
    """Of the matrices that are added to weights."""
    alpha: Annotated[float, Gt(0), Le(1e6)] | None = None
    """What is added is multiplied by alpha / rank; as much as the rank unless it is said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Regime:
    """How much of a model is trained."""

    way: Literal["all", "head", "norm", "last", "lora"]
    blocks: int = 0
    """That train, of ``last``."""
    rank: int = 0
    """Of ``lora``, as `alpha`."""
    alpha: float = 0.0

    def __str__(self) -> str:
        """Write it as it is read, in one way only."""
        if self.way == "last":
            return f"last-{self.blocks}"
        if self.way != "lora":
            return self.way
        scaled = {} if self.alpha == self.rank else {"alpha": f"{self.alpha:g}"}
        return label("lora", {"rank": self.rank, **scaled})


@dataclass(frozen=True, slots=True)
class _Lora:
    name: str = f"{TRAIN}=lora"
    options: type[Any] = LoraOptions


def parse_regime(text: OptionValue) -> Regime:
    """Read how much of a model is to be trained.

    Raises:
        UsageError: It is none of `WAYS`, or has another option or value than that way takes.
    """
    reference = parse_method(str(text), "way to train")
    if reference.name == "lora":
        found = LoraOptions(**complete_options(_Lora(), reference.options))  # type: ignore[arg-type]
        return Regime(way="lora", rank=found.rank, alpha=float(found.alpha or found.rank))
    if last := _LAST.fullmatch(reference.name):
        way, blocks = "last", int(last[1])
    elif reference.name.startswith("last"):
        raise UsageError(
            f"{TRAIN}={brief(reference.name)}: expected last-N with the number of blocks that train, from 1 "
            "to 9999: last-2."
        )
    elif reference.name in WAYS:
        way, blocks = reference.name, 0
    else:
        raise UnknownNameError("way to train", reference.name, WAYS)
    if reference.options:
        raise UsageError(f"{TRAIN}={reference.name} takes no options, got {', '.join(reference.options)}.")
    return Regime(way=way, blocks=blocks)  # type: ignore[arg-type]


def train_option(card: ModelCard) -> OptionDoc:
    """Describe the option for people, as that of a model's own are."""
    return OptionDoc(
        name=TRAIN,
        type=" | ".join(WAYS) if card.backbone else ALL,
        default=ALL,
        constraints=(),
        description="How much of it is trained; lora takes options, too: lora[rank=4,alpha=8].",
    )


def check_regime(regime: Regime, card: ModelCard) -> None:
    """Check that a model can be trained so.

    Raises:
        UsageError: Its backbone is not known, or what it takes is not installed.
    """
    if regime.way == ALL:
        return
    if not card.backbone:
        raise UsageError(
            f"{card.name}[{TRAIN}={regime}]: its card does not say what its backbone is, so all trains; "
            f"leave {TRAIN} out, or have ModelCard.backbone name it."
        )
    if regime.way == "lora" and find_spec("peft") is None:
        raise UsageError(f"{TRAIN}=lora takes peft, which is not installed: pip install 'emseg-bench[lora]'.")


def regime_note(model: ModelSpec) -> str:
    """Say what a reader of scores must know of how much of a model was trained; nothing where nothing."""
    if model.train == ALL or model.weights_path:
        return ""
    return (
        f"{model.label} starts from scratch, so its backbone keeps its random weights, but for what "
        f"{TRAIN}={model.train} trains of it."
    )
