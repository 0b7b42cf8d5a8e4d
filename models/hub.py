"""Files of the Hugging Face hub: from its cache on this machine, or fetched without waiting in vain."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..benchmark.contracts.errors import WeightsUnavailableError

REACH_SECONDS = 5.0
"""How long the hub may take to answer before it counts as out of reach."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HubFile:
    """One file at one revision of a repository on the hub."""

    repository: str
    revision: str
    name: str = "model.safetensors"


def obtain(wanted: HubFile, instead: str) -> Path:
    """Give a file from the hub's cache on this machine, or fetch it there.

    Args:
        wanted: The file.
        instead: What to do without it, for the message.

    Raises:
        WeightsUnavailableError: It is in neither place; raised within seconds.
    """
    import huggingface_hub

    cached = huggingface_hub.try_to_load_from_cache(wanted.repository, wanted.name, revision=wanted.revision)
    if isinstance(cached, str):
        return Path(cached)
    try:
        return _fetch(wanted)
    except Exception as error:  # its kind depends on the HTTP library of the hub's version
        raise WeightsUnavailableError(
            f"the weights {wanted.repository} (revision {wanted.revision[:8]}) are not in the cache "
            f"{huggingface_hub.constants.HF_HUB_CACHE} and could not be fetched "
            f"({type(error).__name__}: {str(error).splitlines()[0] if str(error) else 'no reason given'}). "
            f"Run the same command with a network connection, or run `hf download {wanted.repository} "
            f"{wanted.name} --revision {wanted.revision}` on a machine that has one and copy its cache; "
            f"or {instead}"
        ) from error


def _fetch(wanted: HubFile) -> Path:
    import huggingface_hub

    # Without a network the download retries for half a minute; asking for metadata fails at once.
    address = huggingface_hub.hf_hub_url(wanted.repository, wanted.name, revision=wanted.revision)
    huggingface_hub.get_hf_file_metadata(address, timeout=REACH_SECONDS)
    return Path(huggingface_hub.hf_hub_download(wanted.repository, wanted.name, revision=wanted.revision))
