"""From a decoder that was planned to what finds a trial's predicted objects."""

from __future__ import annotations

from ..contracts.cards import DecoderCard
from ..contracts.data import ExtraOutput
from ..evaluation.finding import ObjectFinder
from ..experiments.methods import Method, make_decoder


def make_finder(decoder: Method[DecoderCard], extra_outputs: tuple[ExtraOutput, ...]) -> ObjectFinder:
    """Make what finds objects.

    Args:
        decoder: With its options.
        extra_outputs: What the model gives behind its logits.

    Raises:
        PluginError: The decoder's factory cannot be loaded, or fails.
    """
    card = decoder.offer.card
    return ObjectFinder(
        name=decoder.reference,
        decode=make_decoder(decoder),
        extra_outputs=extra_outputs if card.reads else (),
        needs_probabilities="probabilities" in card.needs,
    )
