"""Why stored trials are not those that a plan asks for: what changed since they ran, code or content."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from ..contracts.errors import StoreError
from ..contracts.records import Provider, Record, TrialSpec
from ..experiments.planning import Plan
from ..files.hashing import sha256_of
from ..files.store import Store, TrialFolder, read_record
from ..files.validation import plain
from ..files.wording import joined
from .records import load_record

ROOMS: Mapping[str, str] = {
    "contracts": "what recipes and data are",
    "evaluation": "inference and scoring",
    "experiments": "making metrics and losses, and choosing labelled cases",
    "images": "reading images",
    "training": "training",
    "trials": "running a trial",
    "weights": "reading weight files",
}
"""What the engine's rooms do."""
METRIC = "the code of the metric "


@dataclass(frozen=True, slots=True)
class Stale:
    """A stored trial of what a plan asks for, and why it is not what a run would give now."""

    fingerprint: str
    finished: str
    code: tuple[str, ...]
    """Names what code changed."""
    content: tuple[str, ...]
    """Names what else did: data, weights, the meaning of a metric.  Then its scores belong elsewhere."""


def stale_trials(plan: Plan, missing: Iterable[str], store: Store) -> dict[str, Stale]:
    """Find for trials that are to run which ran before, by the fingerprints of the plan.

    Of several, one that differs in its code alone comes first, then the newest.

    Args:
        plan: What was asked for.
        missing: Fingerprints of what of it is not complete.
        store: What ran before; what is damaged in it counts for nothing here.
    """
    wanted = {_subject(plan.trials[name]): name for name in missing}
    found: dict[str, Stale] = {}
    for record in _stored(store, plan, wanted.values()) if wanted else ():
        if name := wanted.get(_subject(record.spec)):
            stale = _compared(record, plan.trials[name])
            if (stale.code or stale.content) and (name not in found or _rank(stale) >= _rank(found[name])):
                found[name] = stale
    return found


def keep_stale(plan: Plan, stale: Mapping[str, Stale]) -> Plan:
    """Let stored trials stand for those of a plan, where nothing but code changed since they ran."""
    return replace(plan, kept={name: one.fingerprint for name, one in stale.items() if not one.content})


def stale_notes(plan: Plan, stale: Mapping[str, Stale]) -> Iterator[str]:
    """Say what runs again and what is kept, and what changed since it ran."""
    here = {name: one for name, one in stale.items() if name in plan.trials}
    reasons = Counter((name in plan.kept, one.code, one.content) for name, one in here.items())
    for (kept, code, content), number in reasons.items():
        changed = f"since {joined((*code, *content))} changed"
        if kept:
            yield f"{number} trial{' is' if number == 1 else 's are'} kept though stale, {changed}."
        else:
            trials = "1 trial that ran before runs" if number == 1 else f"{number} trials that ran before run"
            them = "it" if number == 1 else "them"
            yield f"{trials} again, {changed}{'' if content else f'; --keep-stale would keep {them}'}."


def code_changes(old: TrialSpec, new: TrialSpec) -> tuple[str, ...]:
    """Name the code that is not the same in two trials of one subject."""
    found = dict.fromkeys((*_engine(old, new), *_providers(old, new)))
    metrics = [text.removeprefix(METRIC) for text in found if text.startswith(METRIC)]
    if len(metrics) < 2:
        return tuple(found)
    others = (text for text in found if not text.startswith(METRIC))
    return *others, f"{METRIC.rstrip()}s {joined(metrics)}"


def _engine(old: TrialSpec, new: TrialSpec) -> list[str]:
    if old.engine_sha256 == new.engine_sha256:
        return []
    rooms = [room for room in ROOMS if old.engine_rooms.get(room) != new.engine_rooms.get(room)]
    texts = [ROOMS[room] for room in rooms] if old.engine_rooms else []
    return [f"emseg-bench's code {joined([f'for {text}' for text in texts or ['training and scoring']])}"]


def _providers(old: TrialSpec, new: TrialSpec) -> Iterator[str]:
    for what, was, is_ in _pairs(old, new):
        if was.distribution == is_.distribution and was.version != is_.version:
            yield f"{is_.distribution} ({was.version}, now {is_.version})"
        elif was.distribution == is_.distribution and was != is_:
            yield what


def _pairs(old: TrialSpec, new: TrialSpec) -> Iterator[tuple[str, Provider, Provider]]:
    """Give what other code stands behind two trials of one subject."""
    yield f"the code of {new.model.name}", old.model.provider, new.model.provider
    yield f"the code that reads {new.dataset.label}", old.dataset.provider, new.dataset.provider
    metrics = {metric.name: metric.provider for metric in old.metrics}
    methods = {(one.kind, one.name): one.provider for one in old.methods}
    for metric in new.metrics:
        yield f"{METRIC}{metric.name}", metrics[metric.name], metric.provider
    for one in new.methods:
        if (one.kind, one.name) in methods:
            yield f"the code of the {one.kind} {one.name}", methods[one.kind, one.name], one.provider


def _content(old: TrialSpec, new: TrialSpec) -> Iterator[str]:
    if old.model.weights_sha256 != new.model.weights_sha256:
        yield f"the weights that {new.model.name} starts from"
    if old.dataset.manifest_sha256 != new.dataset.manifest_sha256:
        yield f"the data of {new.dataset.label}"
    if old.threads and old.threads != new.threads:
        yield f"the number of threads ({old.threads}, now {new.threads})"
    versions = {metric.name: metric.version for metric in old.metrics}
    yield from (
        f"the version of the metric {metric.name}"
        for metric in new.metrics
        if versions[metric.name] != metric.version
    )
    for what, was, is_ in _pairs(old, new):
        if was.distribution != is_.distribution:
            yield f"{what} (of {was.distribution}, now of {is_.distribution})"


def _compared(record: Record, new: TrialSpec) -> Stale:
    old = record.spec
    return Stale(record.fingerprint, record.finished, code_changes(old, new), tuple(_content(old, new)))


def _rank(stale: Stale) -> tuple[bool, str]:
    return not stale.content, stale.finished


def _stored(store: Store, plan: Plan, wanted: Iterable[str]) -> Iterator[Record]:
    """Read the complete trials that may be about the same."""
    likely = {(plan.trials[name].model.name, plan.trials[name].seed) for name in wanted}
    for folder in store.trials():
        if folder.path.name in plan.trials:
            continue
        try:
            if _is_likely(folder, likely):
                yield load_record(folder)
        except (StoreError, KeyError, TypeError):
            continue


def _is_likely(folder: TrialFolder, likely: set[tuple[str, int]]) -> bool:
    """Look at a record before it is read with care, which takes longer."""
    data = read_record(folder)
    spec = data["spec"]
    return folder.is_complete() and (spec["model"]["name"], spec["seed"]) in likely


def _subject(spec: TrialSpec) -> str:
    """Name what a trial is about: what people asked for, without the code and the content that answered."""
    told = plain(spec)
    model, data = told["model"], told["dataset"]
    settings = [
        {key: value for key, value in told[part].items() if key != "name"} for part in ("recipe", "protocol")
    ]
    return sha256_of(
        [
            [model["name"], model["options"], model["init"], model["own_recipe"], model["tuned"]],
            [data["name"], data["location"], data["options"]],
            [told["label_fraction"], told["seed"], sorted(metric["name"] for metric in told["metrics"])],
            told["purpose"],
            settings,
        ]
    )
