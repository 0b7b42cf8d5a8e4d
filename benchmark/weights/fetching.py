"""From a name to weights on this machine: download what has an address, then import it."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

from ..contracts.basics import OptionValue
from ..contracts.cards import WeightsCard
from ..contracts.errors import (
    DownloadError,
    UsageError,
    WeightsError,
    WeightsUnavailableError,
    WrongFileError,
)
from ..files.checksum import Checksum
from ..files.download import Meter, download
from ..plugins.lazy import resolve
from ..plugins.registry import Catalogue, Offer
from .importing import ImportOptions, import_weights
from .library import Entry, Library


def fetch(
    card: WeightsCard,
    catalogue: Catalogue,
    library: Library,
    meter: Meter,
    *,
    url: str | None = None,
    replace: bool = False,
) -> Entry:
    """Download published weights and take them into the library.

    A download that was cut off goes on the next time, if the server allows that; nothing else is left behind.

    Args:
        card: Which.
        catalogue: What the plugins offer.
        library: Where they go.
        meter: Shows how far the download is.
        url: A mirror; None: the published address.
        replace: Whether they may take the place of others of that name.

    Raises:
        WeightsUnavailableError: No address is known, or the file cannot be had from it.
        WeightsError: What came is no such weight file.
    """
    address = url or card.url
    if address is None:
        raise WeightsUnavailableError(
            f"no address is known for {card.name} ({card.origin}). With a copy of the file, run "
            f"'emseg-bench weights import FILE --as {card.name}'; a mirror can be named with --url"
        )
    asked = ImportOptions(name=card.name, replace=replace, original_name=_file_name(address))
    with library.arriving(card.name) as target:
        _download(address, target, card, meter)
        try:
            return import_weights(target, catalogue, library, asked)
        except (WeightsError, UsageError) as error:
            reason = str(error).replace(str(target), "it")
            raise WeightsError(f"what {address} delivered was not taken in: {reason}") from error


def obtain_from_source(offer: Offer[WeightsCard], options: dict[str, OptionValue]) -> Path:
    """Have the source of a card fetch the file for some model options into its own cache.

    Raises:
        WeightsUnavailableError: It cannot be had.
        UsageError: There is none for these options.
    """
    path: Path = resolve(offer.card.source, offer).obtain(options, None)
    return path


def _download(address: str, target: Path, card: WeightsCard, meter: Meter) -> None:
    try:
        download(address, target, meter, Checksum("sha256", card.sha256) if card.sha256 else None)
    except WrongFileError as error:
        raise WeightsError(str(error)) from error
    except DownloadError as error:
        raise WeightsUnavailableError(
            f"{error}. Try again: what has come is kept, if the server can send the rest. Or name a mirror "
            "with --url, or bring the file from a machine that has it and run "
            f"'emseg-bench weights import FILE --as {card.name}'"
        ) from error


def _file_name(address: str) -> str:
    return unquote(Path(urlsplit(address).path).name) or address
