"""Subjects, such as animals and patients, by names as people write them, and those that stand in two splits.

``sub-rat3_ses-1_slice2`` (BIDS), ``animal3_``, ``mouse_2-``, ``subject12``, ``patient_007``, ``donor_A``, and
the same as names of folders.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Final

from ...benchmark.contracts.data import SPLITS, Case, Manifest, Split

BIDS: Final = r"(?:^|[^A-Za-z0-9])(sub-[A-Za-z0-9]+)"
WORDS: Final = (
    r"(?i:(?:^|[^a-z0-9])((?:sub|subj|subject|participant|animal|mouse|mice|rat|rabbit|pig|monkey|fish|fly|worm"
    r"|patient|donor|specimen|individual)[-_ ]?(?:[a-z]{0,2}[0-9]+[a-z]?|[a-z])))(?![A-Za-z0-9])"
)
"""A word for a subject with its number, or a single letter."""
SHOWN: Final = 3


def expression_for(names: Sequence[str]) -> str | None:
    """Return the expression whose one group is the subject in every name; None: some names have none."""
    fitting = (one for one in (BIDS, WORDS) if names and all(re.search(one, name) for name in names))
    return next(fitting, None)


def subjects_of(names: Sequence[str]) -> dict[str, str]:
    """Return each name's subject, in small letters; nothing where some names have none."""
    expression = expression_for(names)
    if expression is None:
        return {}
    found = ((name, re.search(expression, name)) for name in names)
    return {name: match[1].lower() for name, match in found if match}


def folders_of(names: Sequence[str]) -> dict[str, str]:
    """Return the folder of each name, where all lie in folders: those by which they first differ.

    Args:
        names: Paths without suffix, ``m1/s0``.
    """
    depth = _first_apart(names)
    return {} if depth is None else {name: name.split("/")[depth] for name in names}


def folder_expression(names: Sequence[str]) -> str | None:
    """Return the expression whose one group is the folder that `folders_of` gives; None: there is none."""
    depth = _first_apart(names)
    before = {None: None, 0: ""}.get(depth, f"(?:[^/]+/){{{depth}}}")
    return None if before is None else f"^{before}([^/]+)/"


def _first_apart(names: Sequence[str]) -> int | None:
    """Say at which depth folders of names first differ."""
    levels = zip(*(name.split("/")[:-1] for name in names), strict=False)  # down to the least deep
    return next((depth for depth, own in enumerate(levels) if len({*own}) > 1), None)


def subject_notes(manifest: Manifest) -> Iterator[str]:
    """Say which subjects, or groups that their owner names, stand in several splits; reads no image."""
    places: dict[str, set[Split]] = defaultdict(set)
    for case, subject in _subjects(_without_copies(manifest)):
        places[subject].add(case.split)
    told = " ".join(manifest.notes)
    torn = {
        subject: [split for split in SPLITS if split in splits]
        for subject, splits in places.items()
        if len(splits) > 1 and f"The group {subject} is in the splits" not in told
    }
    if torn:
        words = [f"{subject} in {' and '.join(splits)}" for subject, splits in [*torn.items()][:SHOWN]]
        more = f"; and {len(torn) - SHOWN} more" if len(torn) > SHOWN else ""
        yield (
            f"{len(torn)} of {len(places)} subjects stand in several splits ({'; '.join(words)}{more}): "
            "scores say little about subjects that the model has not seen. Keep every subject in one split; "
            "groups in dataset.yaml do so."
        )


def _without_copies(manifest: Manifest) -> Sequence[Case]:
    """Leave out a test split that is the val split."""
    val, test = manifest.split("val"), manifest.split("test")
    if {case.sha256 for case in val} != {case.sha256 for case in test}:
        return manifest.cases
    return [case for case in manifest.cases if case.split != "test"]


def _subjects(cases: Sequence[Case]) -> Iterator[tuple[Case, str]]:
    """Give each case's subject: by its name, or else its group, unless that is a volume."""
    names = [case.id.removeprefix(f"{case.split}/") for case in cases]
    known = subjects_of(names)
    for case, name in zip(cases, names, strict=True):
        single = case.section is None and case.depth is None
        subject = known.get(name) or (case.group if single else None)
        if subject is not None:
            yield case, subject
