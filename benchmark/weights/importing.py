"""Taking a weight file into the library: recognise, name, convert, try out, put on record."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from ..contracts.basics import OptionValue
from ..contracts.cards import Initialisation, ModelCard, WeightsCard
from ..contracts.errors import UsageError, WeightsError
from ..files.clock import now
from ..files.hashing import sha256_of_file
from ..files.regular import shown, what_is_at
from ..plugins.lazy import resolve
from ..plugins.references import escaped, label, written
from ..plugins.registry import Catalogue, Offer, foreign
from .library import Entry, Library, check_name
from .recognition import Recognised, recognise
from .weight_info import WeightsInfo
from .writing import write_weights


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportOptions:
    """What was asked for beside the file."""

    name: str | None = None
    """What the weights are to be called; None: as the one published file that they can be."""
    replace: bool = False
    """Whether they may take the place of others of that name."""
    original_name: str | None = None
    """The file's published name, where it has another one for the moment."""


def import_weights(path: Path, catalogue: Catalogue, library: Library, asked: ImportOptions) -> Entry:
    """Take a weight file into the library; nothing is left behind if it is refused.

    Raises:
        UsageError: It needs a name, or cannot have the one that was asked for.
        WeightsError: It is missing, damaged, of an unknown kind, of the wrong checksum, or fits no model.
    """
    if not path.is_file():
        raise WeightsError(
            f"expected a weight file at {shown(path)}, found {what_is_at(path)}; check the path"
        )
    if asked.name is not None:
        check_name(asked.name)
    recognised = recognise(path, catalogue)
    card = _choose(path, recognised, catalogue, asked.name)
    name = card.name if card else asked.name or ""
    checksum = sha256_of_file(path)
    check_sha256(card, checksum, str(path))
    library.check_replaces(name, checksum, replace=asked.replace)
    info = recognised.own or _describe(recognised, card, catalogue)
    init = card.init if card and card.init else f"file:{escaped(str(library.file(name)))}"
    with library.unfinished() as folder:
        converted = folder / library.file(name).name
        _save(recognised, info, converted)
        try:
            _try_out(info, converted, catalogue)
        except WeightsError as error:
            raise WeightsError(str(error).replace(str(converted), str(path))) from error
        entry = Entry(
            name=name,
            kind=recognised.found.kind,
            usable_as=f"{short_label(info.model, info.options, catalogue)}@{init}",
            trained=info.num_logits is not None,
            original_name=asked.original_name or path.name,
            original_sha256=checksum,
            sha256=sha256_of_file(converted),
            imported=now(),
        )
        library.put(entry, converted, replace=asked.replace)
    return entry


def short_label(model: str, options: Mapping[str, OptionValue], catalogue: Catalogue) -> str:
    """Write a model with those of its options that are not the default: ``unet[encoder=resnet50]``."""
    offer = catalogue.models.offers.get(model)
    type_ = offer.card.options if offer else None
    defaults = {field.name: field.default for field in fields(type_)} if type_ else {}
    return written(model, {key: value for key, value in options.items() if defaults.get(key) != value})


def check_sha256(card: WeightsCard | None, found: str, what: str) -> None:
    """Refuse a file that is not the published one.

    Raises:
        WeightsError: Its checksum is known, and another.
    """
    if card and card.sha256 and found != card.sha256:
        raise WeightsError(
            f"{what} has SHA-256 {found}, but {card.name} is published with {card.sha256}: it is damaged or "
            "another file. Fetch it again, or import it under a name of your own with --as"
        )


def _choose(path: Path, recognised: Recognised, catalogue: Catalogue, name: str | None) -> WeightsCard | None:
    """Find the published file that this is meant to be; None for weights under a name of the user's."""
    possible = {card.name: card for card in recognised.cards}
    if name in possible:
        return possible[name]
    if name is not None:
        if name in catalogue.weights.offers:
            raise WeightsError(
                f"{path} cannot be {name}: it is {recognised.found.kind}. Import it under a name of your own"
            )
        return None
    if len(possible) == 1:
        return next(iter(possible.values()))
    which = f"one of {', '.join(possible)}, or a name of your own" if possible else "a name of your own"
    raise UsageError(f"{path} is {recognised.found.kind}; say with --as what to call it: {which}.")


def _describe(recognised: Recognised, card: WeightsCard | None, catalogue: Catalogue) -> WeightsInfo:
    found, offer = recognised.found, catalogue.models.offers.get(recognised.model)
    return WeightsInfo(
        model=recognised.model,
        options=found.options,
        channels=found.channels,
        num_logits=found.num_logits,
        class_names=card.class_names if card else (),
        normalisation=found.normalisation or (card.normalisation if card else None),
        window=card.window if card else None,
        distribution=foreign(offer.distribution) if offer else "",
        origin=f"{card.name}: {card.origin}" if card else found.kind,
    )


def _save(recognised: Recognised, info: WeightsInfo, target: Path) -> None:
    from safetensors import SafetensorError

    # a copy each, for tensors of a file may share memory, which safetensors refuses
    state = {name: tensor.clone() for name, tensor in recognised.found.state.items()}
    try:
        write_weights(state, target, info)
    except SafetensorError as error:  # raised for a full disk, too
        raise WeightsError(f"cannot write {target} ({error}); make room on that disk") from error


def _try_out(info: WeightsInfo, path: Path, catalogue: Catalogue) -> None:
    """Load the converted file as ``MODEL@file`` would, so that what is in the library can be used.

    Raises:
        WeightsError: It does not fit the model.
        UsageError: The model does not have the options that the weights need.
    """
    offer: Offer[ModelCard] = catalogue.find(catalogue.models, info.model)
    init: Initialisation | None = offer.card.initialisation("file")
    if init is None:
        return
    build: Callable[..., object] = resolve(offer.card.factory, offer)
    try:
        network = build(info.channels, info.num_logits or 1, **info.options)
    except TypeError as error:
        raise UsageError(f"the weights are for {label(info.model, info.options)}: {error}.") from error
    resolve(init.source, offer).load(network, path)
