"""What a rehearsal asks of a model."""

from __future__ import annotations

from dataclasses import dataclass

from ..contracts.records import TrialSpec
from ..evaluation.placing import crop_side, window_side
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
    spec, manifest = plan.trials[name], plan.manifest(name)
    crop = crop_side(spec.recipe, spec.model.size_divisor)
    return Question(
        spec=spec,
        channels=manifest.channels * (2 * spec.model.context + 1),
        num_logits=manifest.num_logits,
        crop=crop,
        window=window_side(spec.protocol, crop, spec.model.size_divisor),
        memory=memory,
    )
