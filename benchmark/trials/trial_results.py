"""What a trial leaves behind: tables, weights and environment, and its record, written last and whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from shutil import rmtree

import pandas as pd

from ..contracts.data import Manifest
from ..contracts.records import Decoding, Profile, Record, Selection, TrialSpec
from ..contracts.running import Job
from ..experiments.volume_protocol import any_volume
from ..files.clock import now
from ..files.disk import keeping
from ..files.store import TrialFolder, to_json, write_whole
from ..plugins.libraries import libraries_of
from ..plugins.registry import foreign
from ..profiling.environment import describe_environment
from ..training.state import TrainingState
from ..weights.weight_info import Segmenting, WeightsInfo
from .kept_files import hash_files
from .kept_weights import write_trained
from .parts import Parts
from .records import write_record

KEPT = "The last resume point of training is kept: make room, and the same command goes on from there."


@dataclass(frozen=True, slots=True)
class Tested:
    """Scores of the test split."""

    cases: pd.DataFrame
    reliability: pd.DataFrame
    """Of images, `evaluation.reliability.to_reliability`."""
    sanity: pd.DataFrame


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """All that came of a trial."""

    started: str
    parts: Parts
    state: TrainingState
    tested: Tested | None
    """None: the trial tunes, which leaves neither scores nor weights."""
    profile: Profile
    decoding: Decoding | None
    """How predicted objects were found; None: they are connected components, or nothing was tested."""
    window: int
    """Side of the inference window, px."""


def write_results(job: Job, device: str, results: Results) -> Record:
    """Write everything, the record last: where it is, the rest is."""
    folder = TrialFolder(job.folder)
    curve = pd.DataFrame(results.state.curve, columns=["iteration", "series", "value"])
    with keeping(folder.path, KEPT):
        curve.to_parquet(folder.curve, index=False)
        if results.tested:
            results.tested.cases.to_parquet(folder.cases, index=False)
            results.tested.reliability.to_parquet(folder.reliability, index=False)
            results.tested.sanity.to_parquet(folder.sanity, index=False)
            write_trained(
                results.parts.network,
                results.state.factors,
                job.spec,
                results.parts.dataset.manifest,
                folder.weights,
                _about(job, results),
            )
        write_whole(folder.environment, to_json(asdict(describe_environment(device))))
        record = _record(job, results, hash_files(folder))
        write_record(folder, record)
    rmtree(folder.scratch, ignore_errors=True)
    return record


def _record(job: Job, results: Results, files: Mapping[str, str]) -> Record:
    manifest, state = results.parts.dataset.manifest, results.state
    return Record(
        fingerprint=job.fingerprint,
        spec=job.spec,
        status="complete",
        started=results.started,
        finished=now(),
        class_names=manifest.class_names,
        voxel_size_nm=manifest.voxel_size_nm,
        scored_classes=manifest.scored_classes,
        mask_by_truth=manifest.mask_by_truth,
        axes=manifest.axes if any_volume(manifest.split("test")) else None,
        selection=Selection(
            iteration=state.best_iteration, metric=job.spec.protocol.primary, score=state.best_score
        ),
        decoding=results.decoding,
        profile=results.profile,
        initialisation=results.parts.initialisation,
        pruned_at=state.pruned_at,
        resumed=state.resumed,
        libraries=libraries_of(job.spec),
        files=files,
        dropped_resume_points=state.dropped,
    )


def _about(job: Job, results: Results) -> WeightsInfo:
    """Say what belongs to the trained weights, so that they can be used without the record."""
    spec, manifest = job.spec, results.parts.dataset.manifest
    return WeightsInfo(
        model=spec.model.name,
        options=spec.model.options,
        channels=manifest.channels,
        context=spec.model.context,
        num_logits=manifest.num_logits,
        class_names=manifest.class_names,
        normalisation=results.parts.normalisation,
        window=results.window,
        distribution=foreign(spec.model.provider.distribution),
        grey_range=manifest.grey_range,
        voxel_size_nm=manifest.voxel_size_nm,
        label_values=manifest.label_values or (),
        segmenting=_segmenting(spec, manifest),
        origin=f"{spec.model.label} trained on {spec.dataset.label}, seed {spec.seed}; "
        f"trial {job.fingerprint}",
    )


def _segmenting(spec: TrialSpec, manifest: Manifest) -> Segmenting | None:
    """Say how test cases were segmented, so that others are segmented alike."""
    protocol, precision = spec.protocol, spec.recipe.precision
    if precision == "auto":  # planning settles it
        return None
    return Segmenting(
        protocol=protocol.name,
        window=protocol.window,
        overlap=protocol.overlap,
        blending=protocol.blending,
        blend_on=protocol.blend_on,
        flips=protocol.flips,
        padding=protocol.padding,
        slice_overlap=protocol.slice_overlap,
        threshold=protocol.threshold,
        postprocess=protocol.postprocess,
        axes=manifest.axes,
        precision=precision,
    )
