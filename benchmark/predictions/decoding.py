"""Calling decoders: what they are given, what they may give, and how much memory that takes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final, TypeAlias

import numpy as np

from ..contracts.cards import DecoderCard
from ..contracts.data import Decoder, ExtraOutput, Segmented
from ..contracts.errors import UsageError
from ..evaluation.finding import array_fault
from ..evaluation.slabs import fitting
from ..experiments.methods import Method, find_method, make_decoder, method_specs
from ..files.limits import free_bytes
from ..plugins.loading import installed_plugins
from ..plugins.registry import OWN
from ..plugins.strangers import blaming, unusable
from .answers import DECODED
from .greys import Seen
from .objects import Parts
from .writing.about import About, Stored, slabs

Array: TypeAlias = np.ndarray[Any, Any]

COMPONENTS: Final = "components"
"""What finds objects where nobody names a decoder."""
MIB: Final = 1 << 20


def find_decoder(text: str) -> Method[DecoderCard]:
    """Look a decoder up.

    Raises:
        UsageError: The reference or an option is wrong.
        UnknownNameError: There is none of that name.
    """
    catalogue = installed_plugins().catalogue
    return find_method(catalogue.decoders, text, catalogue)


def decoder_identity(decoder: Method[DecoderCard]) -> Any:
    """Give what can change the objects, as plain data; our own code is the engine's, which counts already."""
    return [decoder.offer.card.name, dict(decoder.options), [asdict(one) for one in method_specs([decoder])]]


def decoder_words(decoder: Method[DecoderCard]) -> str:
    """Say what found the objects."""
    card, offer = decoder.offer.card, decoder.offer
    if (card.name, offer.distribution) == (COMPONENTS, OWN):
        return card.description
    options = ",".join(f"{name}={value}" for name, value in decoder.options.items())
    provider = "" if offer.distribution == OWN else f" of {offer.distribution} {offer.version}"
    return f"{card.name}{f'[{options}]' if options else ''}{provider}: {card.description}"


def check_decodable(
    decoder: Method[DecoderCard], image: Seen, sides: Sequence[int], classes: Sequence[tuple[int, str]]
) -> None:
    """Refuse, before anything is segmented, what the decoder cannot take.

    Args:
        decoder: Which.
        image: What is to be segmented.
        sides: Of what of it is.
        classes: Value and name of each.

    Raises:
        UsageError: It needs a voxel size that is not known, what is not kept, or more memory than is free.
    """
    card = decoder.offer.card
    if card.reads:
        raise UsageError(
            f"the decoder {card.name} reads {', '.join(card.reads)} outputs of a network, which predict does "
            f"not keep: trials find objects by it, and predict by --decoder {COMPONENTS} or watershed."
        )
    if "voxel size" in card.needs and image.voxel_size_nm is None:
        raise UsageError(
            f"the decoder {card.name} needs to know how large pixels are, which {image.source} does not say; "
            "say --voxel-size, or take another --decoder."
        )
    if card.works_on == "slabs":
        return
    each = np.min_scalar_type(max(value for value, _ in classes)).itemsize + card.bytes_per_voxel
    each += len(classes) * np.dtype(np.float16).itemsize if "probabilities" in card.needs else 0
    needed, free = math.prod(sides) * each // MIB, free_bytes() // MIB
    if needed > free:
        raise UsageError(
            f"the decoder {card.name} takes the whole of {image.source} at once, for which it needs "
            f"{needed:,} MiB of memory, and {free:,} MiB are free; segment a part with --roi, take a decoder "
            f"that works slab by slab (--decoder {COMPONENTS}), or a machine with more memory."
        )


def decoded(decoder: Method[DecoderCard], arrays: Mapping[str, Stored], about: About) -> Iterator[Parts]:
    """Yield what a decoder finds: of all at once, or slab by slab.

    Args:
        decoder: Which.
        arrays: ``labels`` (Z, Y, X) and, if it needs them, `DECODED` (Z, K, Y, X); Z is 1 of an image.
        about: Of the label map.

    Raises:
        PluginError: It fails, or gives something else than numbers of objects.
    """
    decode, labels = make_decoder(decoder), arrays["labels"]
    whole = decoder.offer.card.works_on == "whole"
    for start, slab in [(0, labels[0 : labels.shape[0]])] if whole else slabs(labels):
        probabilities = arrays[DECODED][start : start + len(slab)] if DECODED in arrays else None
        yield decode_piece(decoder, decode, slab, probabilities, about)


def decode_piece(
    decoder: Method[DecoderCard],
    decode: Decoder,
    labels: Array,
    probabilities: Array | None,
    about: About,
    extra: Array | None = None,
    extra_outputs: tuple[ExtraOutput, ...] = (),
) -> Parts:
    """Have a decoder find the objects of labels (Z, Y, X) and probabilities (Z, K, Y, X).

    Args:
        decoder: Which.
        decode: It, made.
        labels: (Z, Y, X), where Z is 1 of an image.
        probabilities: (Z, K, Y, X), where it needs them.
        about: Of the label map.
        extra: (Z, E, Y, X), where it reads what follows a network's logits.
        extra_outputs: What that is.

    Raises:
        PluginError: It fails, or gives something else than numbers of objects.
    """
    segmented = Segmented(
        labels=_read_only(labels[0] if about.image else labels),
        probabilities=None if probabilities is None else _by_class(probabilities, image=about.image),
        classes=about.classes,
        background=about.classes[0][0],
        voxel_size_nm=about.voxel_size_nm,
        extra=None if extra is None else _by_class(extra, image=about.image),
        extra_outputs=extra_outputs,
    )
    with blaming(decoder.offer, "finding objects"):
        found = decode(segmented)
    if fault := array_fault(found, segmented.labels.shape):
        raise unusable(decoder.offer, f"the decoder gave {fault}")
    try:
        return _parts(found.reshape(labels.shape), labels, dict(about.classes))
    except _WrongError as wrong:
        raise unusable(decoder.offer, f"the decoder gave {wrong}") from None


class _WrongError(Exception):
    """What a decoder gave, and what was expected."""


def _read_only(values: Array) -> Array:
    view = values.view()
    view.flags.writeable = False
    return view


def _by_class(probabilities: Array, *, image: bool) -> Array:
    return _read_only(probabilities[0] if image else np.moveaxis(probabilities, 1, 0))


def _parts(found: Array, labels: Array, classes: Mapping[int, str]) -> Parts:
    """Number objects 1, 2, ... in the order of their numbers, a few slices at a time."""
    rows = fitting(math.prod(labels.shape[1:]) * np.dtype(np.int64).itemsize)
    blocks = [slice(start, start + rows) for start in range(0, len(labels), rows)]
    known = _known(found, blocks)
    count, has_gaps = len(known), bool(len(known)) and len(known) < int(known[-1])
    numbers = np.zeros(labels.shape, np.uint32)
    values, sizes = np.full(count + 1, -1, np.int64), np.zeros(count + 1, np.int64)
    values[0] = next(iter(classes))
    for block in blocks:
        inside = found[block] > 0
        own, label = found[block][inside], labels[block][inside]
        own = np.searchsorted(known, own) + 1 if has_gaps else own.astype(np.int64)
        unseen = values[own] < 0
        values[own[unseen]] = label[unseen]
        _check_classes(values[own], label, classes)
        numbers[block][inside] = own
        sizes += np.bincount(own, minlength=count + 1)
    return Parts(labels, numbers, values[1:], sizes[1:])


def _known(found: Array, blocks: Sequence[slice]) -> Array:
    """Give the numbers above 0 that there are, in their order."""
    most = int(found.max())
    if most > found.size:
        return np.unique(found[found > 0])
    seen = np.zeros(most + 1, bool)
    for block in blocks:
        seen[found[block]] = True
    return np.flatnonzero(seen[1:]) + 1


def _check_classes(values: Array, labels: Array, classes: Mapping[int, str]) -> None:
    """Check that objects lie within a class: `values` are those of each pixel's object."""
    background, name = next(iter(classes.items()))
    expected = "expected every object within one class that is not background"
    if (other := values != labels).any():
        one, two = (f"{value} {classes[value]}" for value in (int(values[other][0]), int(labels[other][0])))
        raise _WrongError(f"an object with pixels of {one} and of {two}, {expected}")
    if (labels == background).any():
        raise _WrongError(f"an object with pixels of {background} {name}, {expected}")
