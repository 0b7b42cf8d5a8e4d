"""What finds predicted objects where metrics compare objects: the protocol's decoder, or the model's own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..contracts.cards import DecoderCard
from ..contracts.data import Manifest
from ..contracts.errors import UsageError
from ..contracts.records import MethodSpec, MetricSpec, ModelSpec
from ..contracts.settings import ScoringProtocol
from ..files.wording import listed
from ..plugins.by_options import decoder_of
from ..plugins.registry import OWN, Catalogue
from .methods import Method, find_method, method_specs
from .volume_protocol import any_volume

COMPONENTS = "components"
"""What metrics of objects do without a decoder."""


@dataclass(frozen=True, slots=True)
class PlannedDecoder:
    """What finds a model's objects."""

    reference: str = ""
    """Empty: connected components, or nothing, since no metric compares objects."""
    methods: tuple[MethodSpec, ...] = ()
    """It, where another package provides it."""


def find_decoder(
    text: str, catalogue: Catalogue, planned: tuple[MethodSpec, ...] = ()
) -> Method[DecoderCard]:
    """Look a decoder up; the arguments are those of `methods.find_methods`.

    Raises:
        UsageError: The reference or an option is wrong.
        UnknownNameError: There is no such decoder.
    """
    return find_method(catalogue.decoders, text, catalogue, planned)


def plan_decoder(
    model: ModelSpec,
    protocol: ScoringProtocol,
    metrics: Sequence[MetricSpec],
    manifest: Manifest,
    catalogue: Catalogue,
) -> PlannedDecoder:
    """Settle what finds a model's objects.

    Raises:
        UsageError: The protocol names a decoder and no metric compares objects, or the decoder needs what
            model or dataset do not have.
        UnknownNameError: There is no such decoder.
    """
    if not any(metric.of_objects for metric in metrics):
        if protocol.decoder:
            raise UsageError(
                f"protocol.decoder: got {protocol.decoder}, which finds objects, and none of the metrics "
                f"{', '.join(metric.name for metric in metrics)} compares objects; add one, such as pq, or "
                "leave the decoder out."
            )
        return PlannedDecoder()
    offer = catalogue.find(catalogue.models, model.name, model.provider.distribution)
    text = protocol.decoder or decoder_of(offer, model.options)
    if not text:
        return PlannedDecoder()
    decoder = find_decoder(text, catalogue)
    if (decoder.offer.card.name, decoder.offer.distribution) == (COMPONENTS, OWN):
        return PlannedDecoder()
    _check_fit(decoder.offer.card, model, manifest)
    return PlannedDecoder(decoder.reference, method_specs([decoder]))


def _check_fit(card: DecoderCard, model: ModelSpec, manifest: Manifest) -> None:
    given = {output.kind for output in model.extra_outputs}
    if missing := [kind for kind in card.reads if kind not in given]:
        raise UsageError(
            f"the decoder {card.name} reads {listed(card.reads)} outputs, and {model.label} gives "
            f"{listed(sorted(given)) if given else 'none'}, so there is no {missing[0]}; leave "
            "protocol.decoder empty, so that each model takes its own, or take a model that gives them."
        )
    volumes = any_volume([*manifest.split("val"), *manifest.split("test")])
    if volumes and card.reads and manifest.axes != "stack":
        raise UsageError(
            f"the decoder {card.name} reads more than labels, which of volumes there are of sections along z "
            f"alone, and {manifest.dataset} is segmented along three axes: set its axes to stack, or "
            f"--set protocol.decoder={COMPONENTS}."
        )
    if volumes and "probabilities" in card.needs:
        raise UsageError(
            f"the decoder {card.name} needs probabilities, and {manifest.dataset} is scored in volumes, of "
            "which label maps alone are made; take another decoder."
        )
    if "voxel size" in card.needs and manifest.voxel_size_nm is None:
        raise UsageError(
            f"the decoder {card.name} needs the voxel size of {manifest.dataset}, which is not known; say it "
            "in the dataset's description (voxel_size_nm), or take another decoder."
        )
