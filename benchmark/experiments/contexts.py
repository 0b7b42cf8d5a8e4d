"""How many slices on either side of one a model sees: ``unet[context=1]`` (2.5D).

Slices and their neighbours are channels of one image, so any model for images of several channels takes them.
"""

from __future__ import annotations

from ..contracts.basics import OptionValue
from ..contracts.cards import ModelCard
from ..contracts.data import Case, Manifest
from ..contracts.errors import UsageError
from ..files.printable import brief
from ..plugins.option_docs import OptionDoc
from ..plugins.references import CONTEXT, MOST_CONTEXT


def parse_context(text: OptionValue) -> int:
    """Read how many neighbours are seen on either side.

    Raises:
        UsageError: It is no whole number from 0 to `MOST_CONTEXT`.
    """
    written = str(text)
    if not (written.isascii() and written.isdigit() and len(written) < 4 and int(written) <= MOST_CONTEXT):
        raise UsageError(
            f"{CONTEXT}={brief(written)}: expected how many neighbouring slices are seen on either side, 0 "
            f"to {MOST_CONTEXT}."
        )
    return int(written)


def context_option(card: ModelCard) -> OptionDoc:
    """Describe the option for people, as those of a model's own are."""
    return OptionDoc(
        name=CONTEXT,
        type="int",
        default=card.context,
        constraints=("at least 0", f"at most {MOST_CONTEXT}"),
        description="Slices of a volume on either side of one that it sees as further channels.",
    )


def check_context(context: int, manifest: Manifest, label: str) -> None:
    """Check that the slices of a dataset have neighbours.

    Args:
        context: Neighbours on either side.
        manifest: Of the dataset.
        label: What it is called, for the message.

    Raises:
        UsageError: They have none, since images have no place in a volume, or are in colour.
    """
    if not context:
        return
    if manifest.channels != 1:
        raise UsageError(
            f"{CONTEXT}={context}: the images of {label} have {manifest.channels} channels; neighbouring "
            f"slices are channels, so images of one are expected. Leave {CONTEXT} out."
        )
    alone = next((case for case in manifest.cases if not _has_place(case)), None)
    if alone is not None:
        raise UsageError(
            f"{CONTEXT}={context}: {alone.id!r} of {label} is an image that has no place in a volume, so it "
            f"has no neighbouring slices; take volumes (volume:PATH), or leave {CONTEXT} out."
        )


def _has_place(case: Case) -> bool:
    return case.depth is not None or (case.group is not None and case.section is not None)
