"""The licence that weights are given on under, and whom they are from."""

from __future__ import annotations

from bioimageio.spec.generic.v0_3 import LicenseId
from pydantic import ValidationError

from ..benchmark.contracts.errors import UsageError
from ..benchmark.contracts.near import did_you_mean
from ..benchmark.files.printable import brief
from .choosing import Source

OPTION = "--licence"


def check_licence(licence: str | None, source: Source) -> str:
    """Hold a licence to the list of SPDX.

    Raises:
        UsageError: None was given, or SPDX knows none of that name.
    """
    if licence is None:
        card = source.weights.offer.card
        raise UsageError(
            "a package for others needs the licence under which you give the weights on, which is yours and "
            f"your data's owner's to choose (the network's code: {card.licence}): {OPTION} CC-BY-4.0, or "
            "another identifier of spdx.org/licenses."
        )
    known: list[str] = LicenseId.root_model.model_json_schema()["enum"]
    try:
        return str(LicenseId(licence))
    except ValidationError:
        raise UsageError(
            f"got {OPTION} {brief(licence)}; {did_you_mean(licence, known)}expected an identifier of "
            "spdx.org/licenses, such as CC-BY-4.0, CC0-1.0 or MIT."
        ) from None
