"""What a rehearsal asks of a model."""

from __future__ import annotations

from dataclasses import dataclass

from ..contracts.records import TrialSpec
from ..experiments.planning import Plan
from ..files.hashing import sha256_of
from ..files.validation import plain


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A model, and what it would be given."""

    spec: TrialSpec
    channels: int
    num_logits: int
    crop: int
    """Side of the training crops, px: a multiple of the model's divisor."""
    window: int
    """Side of the inference windows, px."""
    memory: int | None = None
    """Bytes that the machine has which will run it; None: it is not known."""

    @property
    def key(self) -> str:
        """Equal for questions that have the same answer."""
        spec = self.spec
        model = {name: value for name, value in plain(spec.model).items() if name not in _NO_MATTER}
        recipe = {name: value for name, value in plain(spec.recipe).items() if name != "name"}
        sizes = [self.channels, self.num_logits, self.crop, self.window, self.memory]
        return sha256_of([model, spec.engine_sha256, recipe, [*map(plain, spec.methods)], sizes])


_NO_MATTER = {"label", "citation", "family", "weights_path"}


def question_of(plan: Plan, name: str, memory: int | None = None) -> Question:
    """Ask of the model of a planned trial, named by its fingerprint."""
    spec, (channels, num_logits) = plan.trials[name], plan.inputs[name]
    crop = _rounded(spec.recipe.crop, spec)
    window = spec.protocol.window
    return Question(
        spec=spec,
        channels=channels,
        num_logits=num_logits,
        crop=crop,
        window=_rounded(window, spec) if isinstance(window, int) else crop,
        memory=memory,
    )


def _rounded(side: int, spec: TrialSpec) -> int:
    """Round a side up to one that the model takes, px."""
    return -(-side // spec.model.size_divisor) * spec.model.size_divisor
