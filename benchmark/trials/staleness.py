"""Why trials run again that ran before: what changed since, of all that a fingerprint counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from ..contracts.errors import StoreError
from ..experiments.planning import Plan
from ..files.hashing import sha256_of
from ..files.store import Store, read_record
from ..files.validation import plain
from .older import upgraded
from .session import pending

ROOMS: Mapping[str, str] = {
    "contracts": "what recipes and data are",
    "evaluation": "inference and scoring",
    "experiments": "making metrics and losses, and choosing labelled cases",
    "images": "reading images",
    "papers": "what papers published",
    "training": "training",
    "trials": "running a trial",
    "weights": "reading weight files",
}
"""What the engine's rooms do."""


def stale_notes(plan: Plan, store: Store) -> Iterator[str]:
    """Say of the trials that are still to run which ran before, on the same data and settings, and why again.

    Args:
        plan: What is to run.
        store: What ran before; what is damaged in it counts for nothing here.
    """
    wanted = {_subject(spec): spec for spec in (plain(plan.trials[name]) for name in pending(plan, store))}
    before = _newest(store, plan, wanted) if wanted else {}
    reasons = Counter(tuple(changes(before[subject], wanted[subject])) for subject in before)
    for reason, number in reasons.items():
        trials = "1 trial that ran before runs" if number == 1 else f"{number} trials that ran before run"
        yield f"{trials} again, since {_listed(reason)} changed."


def changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    """Name what differs between two trials of one subject, both plain data of `TrialSpec`."""
    rooms = old.get("engine_rooms") or {}
    if rooms:
        changed = [text for room, text in ROOMS.items() if rooms.get(room) != new["engine_rooms"].get(room)]
        yield from (f"emseg-bench's code for {text}" for text in changed)
    elif old["engine_sha256"] != new["engine_sha256"]:
        yield "emseg-bench's code for training and scoring"
    model, data = new["model"], new["dataset"]
    yield from _code(old["model"], model, f"the code of {model['name']}")
    if old["model"]["weights_sha256"] != model["weights_sha256"]:
        yield f"the weights that {model['name']} starts from"
    if old["dataset"]["manifest_sha256"] != data["manifest_sha256"]:
        yield f"the data of {data['label']}"
    yield from _code(old["dataset"], data, f"the code that reads {data['label']}")
    metrics = {metric["name"]: metric for metric in new["metrics"]}
    for metric in old["metrics"]:
        now = metrics[metric["name"]]
        if metric["version"] != now["version"]:
            yield f"the version of the metric {now['name']}"
        yield from _code(metric, now, f"the code of the metric {now['name']}")


def _code(old: Mapping[str, Any], new: Mapping[str, Any], what: str) -> Iterator[str]:
    was, is_ = old["provider"], new["provider"]
    if was["version"] != is_["version"]:
        yield f"{is_['distribution']} ({was['version']}, now {is_['version']})"
    elif was != is_:
        yield what


def _newest(store: Store, plan: Plan, wanted: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Find the trial of each wanted subject that ended last."""
    found: dict[str, tuple[str, dict[str, Any]]] = {}
    for folder in store.trials():
        if folder.path.name in plan.trials or not folder.is_complete():
            continue
        try:
            record = read_record(folder)
            spec, finished = upgraded(record["spec"]), str(record["finished"])
            subject = _subject(spec)
            if subject in wanted and finished >= found.get(subject, ("",))[0]:
                [*changes(spec, wanted[subject])]
                found[subject] = (finished, spec)
        except (StoreError, KeyError, TypeError, AttributeError, ValueError):
            continue
    return {subject: spec for subject, (_, spec) in found.items()}


def _subject(spec: Mapping[str, Any]) -> str:
    """Name what a trial is about: what people asked for, without the code and the content that answered."""
    model, data = spec["model"], spec["dataset"]
    settings = [
        {key: value for key, value in spec[part].items() if key != "name"} for part in ("recipe", "protocol")
    ]
    return sha256_of(
        [
            [model["name"], model["options"], model["init"], model.get("own_recipe") or ""],
            [data["name"], data["location"], data["options"]],
            [spec["label_fraction"], spec["seed"], sorted(metric["name"] for metric in spec["metrics"])],
            settings,
        ]
    )


def _listed(names: tuple[str, ...]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
