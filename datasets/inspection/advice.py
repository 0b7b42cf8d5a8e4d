"""What to run on a dataset that was looked at: crop, batch and metric, as settings that can be pasted."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from ...benchmark.files.wording import listed
from .extents import Extent
from .survey import Survey

STEP: Final = 32
"""px: crops are multiples of it, which most models take as they are."""
SMALLEST_CROP: Final = 64
LARGEST_CROP: Final = 512
AROUND: Final = 2
"""So many times as wide as the widest usual object a crop is."""
CROP: Final = 96
BATCH: Final = 8
"""Of the recipe ``quick``: other crops get a batch of about as many pixels."""
SMALLEST_BATCH: Final = 2


@dataclass(slots=True)
class Advice:
    """Sentences, and the settings that follow from them."""

    told: list[str] = field(default_factory=list)
    settings: list[str] = field(default_factory=list)

    def command(self, reference: str) -> str:
        """Write what to run next, as it can be pasted."""
        settings = [part for setting in self.settings for part in ("--set", setting)]
        words = ["emseg-bench", "run", "--models", "unet,segformer", "--datasets", reference, *settings]
        return shlex.join([*words, "--dry-run", "--estimate"])


def advise(survey: Survey) -> Advice:
    """Say which crop, batch and metric suit the objects of a dataset."""
    found, names = Advice(), survey.manifest.class_names
    named = {names[label]: extent for label, extent in survey.extents.items() if label < len(names)}
    _crop(found, named, survey)
    _metric(found, named, survey)
    return found


def _crop(found: Advice, named: Mapping[str, Extent], survey: Survey) -> None:
    whole = {name: one for name, one in named.items() if not one.is_thin}
    sizes = [min(look.height, look.width) for look in survey.looks]
    if not whole or not sizes:
        return
    name, widest = max(whole.items(), key=lambda item: item[1].side)
    room = max(SMALLEST_CROP, min(min(sizes) // STEP * STEP, LARGEST_CROP))
    crop = min(room, max(SMALLEST_CROP, -(-int(AROUND * widest.side) // STEP) * STEP))
    batch = max(SMALLEST_BATCH, round(BATCH * CROP**2 / crop**2))
    shown = "one whole with its surroundings" if crop >= AROUND * widest.side else "as much as fits"
    found.told.append(
        f"crop and batch: 9 of 10 pieces of {name} are at most {widest.side:.0f} px wide, so crops of {crop} "
        f"px show {shown}; {batch} of them are about what the recipe quick takes at a time."
    )
    found.settings += [f"recipe.crop={crop}", f"recipe.batch_size={batch}"]


def _metric(found: Advice, named: Mapping[str, Extent], survey: Survey) -> None:
    thin = [name for name, one in named.items() if one.is_thin]
    many = [
        name
        for name, one in named.items()
        if not one.is_thin and one.pieces >= 3 * max(1, survey.measured)  # several in each image
    ]
    if survey.manifest.has_instances:
        found.told.append("metric: the labels number objects, so object-f1 says how many are found whole.")
        found.settings.append("protocol.metrics=iou,dice,object-f1")
    elif thin:
        widths = listed(f"{name} {named[name].thickness:.0f} px" for name in thin)
        found.told.append(
            f"metric: thin structures ({widths}) lose much overlap by a shift of 1 px; boundary-iou, beside "
            "iou, looks at borders alone."
        )
        found.settings.append("protocol.metrics=iou,dice,boundary-iou")
    elif many:
        found.told.append(
            f"metric: {listed(many)} come as many pieces, so iou says how much is covered; object-f1, beside "
            "it, takes each connected piece for an object and says how many are found."
        )
        found.settings.append("protocol.metrics=iou,dice,object-f1")
