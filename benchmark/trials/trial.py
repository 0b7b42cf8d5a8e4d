"""One trial, from its specification to its record; runs in a process of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from ..contracts.basics import Precision
from ..contracts.cards import DecoderCard
from ..contracts.data import Case, Sample
from ..contracts.errors import TrialError
from ..contracts.records import Decoding, MetricSpec, Profile, Record, TrialSpec
from ..contracts.running import Event, Job, Runtime
from ..contracts.settings import ScoringProtocol
from ..evaluation.aggregation import primary_score
from ..evaluation.evaluate import GoingOn, OnCase, OnLogits, Predictor, evaluate, in_order
from ..evaluation.finding import ObjectFinder
from ..evaluation.inference import inference
from ..evaluation.placing import count_windows, crop_side, window_side
from ..evaluation.reliability import ReliabilityRow, reliability, to_reliability
from ..evaluation.scoring import ScoreRow, to_frame
from ..experiments.methods import Method
from ..files.claims import Claim, LostError
from ..files.clock import now
from ..files.locks import locked
from ..files.store import TrialFolder
from ..images.spread import spread
from ..profiling.energy import EnergyMeter
from ..profiling.memory import MemoryPeak, PeakMemory, larger
from ..profiling.profile import complete_profile, profile_inference
from ..training.memory_layout import channels_last
from ..training.processes import ALONE, Processes, gathered
from ..training.state import TrainingState
from ..training.train import TrainingSetup, train
from .begun_cases import BegunCases
from .case_keys import CaseKeys
from .decoder_choice import choose, judging_metric, score_settings, tried_settings
from .done_cases import DoneCases
from .finders import make_finder
from .kept_labels import KeptLabels
from .neighbouring import without_neighbours
from .parts import Parts, load_parts, seed_everything, segmenter_of
from .previews import PreviewWriter
from .records import load_record
from .shared_sanity import shared_sanity
from .signs import leaving_signs
from .tracking import Trackers, run_of
from .trial_results import Results, Tested, write_results
from .verdicts import Judge

WAITS: Final = "Another emseg-bench command is running this trial; waiting for it"

Tell: TypeAlias = Callable[[Event], None]
Compute: TypeAlias = Callable[[Job, Runtime, Tell, Claim], None]


def run_trial(job: Job, runtime: Runtime, tell: Tell, compute: Compute | None = None) -> Record:
    """Run a trial to its end, or read its record if another process has just ended it.

    One that another command took over, since this process was cut off or asleep, is left to that command.

    Args:
        job: What to run and where its files go.
        runtime: Device, cache, time between resume points.
        tell: Hears how far it is.
        compute: Does it, and leaves its record; None: this process does.

    Raises:
        EmsegError: The trial cannot be run; the message is for people.
    """
    folder = TrialFolder(job.folder)
    folder.path.mkdir(parents=True, exist_ok=True)

    def note(text: str) -> None:
        tell(Event(fingerprint=job.fingerprint, kind="note", message=text))

    while True:
        with locked(folder.lock, on_wait=lambda: note(WAITS)) as claim:
            if folder.is_complete():
                return load_record(folder)
            for path in folder.path.iterdir():
                folder.own(path)  # what is written would follow links
            folder.record.unlink(missing_ok=True)
            try:
                with leaving_signs(folder.events, job.fingerprint, runtime.place, tell) as telling:
                    (compute or compute_trial)(job, runtime, telling, claim)
            except LostError as error:
                note(f"{error} {WAITS}")
            else:
                return load_record(folder)


def compute_trial(
    job: Job, runtime: Runtime, tell: Tell, claim: Claim | None, processes: Processes = ALONE
) -> None:
    """Do what there is to do for a trial; of several processes the first one tells and writes.

    Args:
        job: What to run.
        runtime: On which device, this process's own.
        tell: Hears how far it is.
        claim: On the trial; None: another of the processes watches it.
        processes: Those that train together, and talk to each other already (`processes.joined`).

    Raises:
        EmsegError: The trial cannot be run, or another command took it over.
    """
    wanted = job.spec.recipe.processes
    if processes.count != wanted:
        raise TrialError(
            f"recipe.processes is {wanted}, but {processes.count} compute the trial; start as many, or have "
            "emseg-bench start them."
        )
    threads = job.spec.threads or torch.get_num_threads()
    with _threads(threads):
        folder = TrialFolder(job.folder)
        _Trial(job, folder, runtime, tell, claim, processes, threads, Judge(folder)).run()


def _counter() -> Callable[[int], int]:
    """Give what adds numbers up and returns their sum so far."""
    total = 0

    def add(number: int) -> int:
        nonlocal total
        total += number
        return total

    return add


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scores:
    """Of the test split, by all processes."""

    cases: pd.DataFrame
    bins: pd.DataFrame
    """Of images, by probability (`to_reliability`)."""
    seconds: float
    """Of the process that took longest, in all sessions."""
    memory: MemoryPeak
    """Of the process and session that took most."""
    went_on: bool
    """Whether a part is of an earlier session."""


@dataclass(slots=True)
class _Trial:
    """A trial that is being run."""

    job: Job
    folder: TrialFolder
    runtime: Runtime
    listener: Tell
    claim: Claim | None
    processes: Processes
    threads: int
    judge: Judge
    steps: int = 0
    """Of training that are done."""

    @property
    def tunes(self) -> bool:
        """Whether it is for tuning, so that the test split stays shut."""
        return self.spec.purpose == "tune"

    @property
    def spec(self) -> TrialSpec:
        return self.job.spec

    @property
    def device(self) -> torch.device:
        return torch.device(self.runtime.device)

    @property
    def precision(self) -> Precision:
        settled = self.spec.recipe.precision
        if settled == "auto":
            raise TrialError("the recipe's precision is 'auto', expected fp32 or bf16: planning settles it.")
        return settled

    def tell(self, phase: str, done: int = 0, total: int = 0, message: str = "") -> None:
        if self.claim and self.claim.is_lost:
            self.claim.check()
        self.listener(
            Event(
                fingerprint=self.job.fingerprint,
                kind="progress",
                phase=phase,
                done=done,
                total=total,
                message=message,
            )
        )

    def note(self, message: str) -> None:
        self.listener(Event(fingerprint=self.job.fingerprint, kind="note", message=message))

    def run(self) -> None:
        run = run_of(self.spec, self.job.fingerprint, self.folder.path)
        leads, processors = self.processes.leads, self.processes.local_rank == 0
        with (
            EnergyMeter(self.runtime.device, processors=processors) as energy,
            Trackers(self.runtime.trackers if leads else (), run, self.note) as trackers,
        ):
            self._run(energy, trackers)

    def _run(self, energy: EnergyMeter, trackers: Trackers) -> None:
        started = now()
        self.tell("load")
        seed_everything(self.spec.seed)
        parts = load_parts(self.spec, Path(self.runtime.cache))
        channels_last(parts.network.to(self.device))
        with (
            _threads(max(1, self.threads // self.processes.local_count)),
            PeakMemory(self.device) as memory,
        ):
            state = self._train(parts, trackers, memory)
            decoder, decoding = (None, None) if self.tunes else self._choose_decoder(parts)
            parts = replace(parts, decoder=decoder)
            scores = None if self.tunes else self._test(parts, memory)
        is_part = state.resumed > 0 or (scores is not None and scores.went_on)
        joules = self._joules(None if is_part else energy.joules())
        peak = larger(state.memory, scores.memory if scores else self._peak(memory.read()))
        if not self.processes.leads:
            return
        tested = None if scores is None else self._tested(parts, scores, trackers)
        profile = self._profile(parts, state, peak, scores.seconds if scores else 0.0, energy, joules)
        results = Results(
            started=started,
            parts=parts,
            state=state,
            tested=tested,
            profile=profile,
            decoding=decoding,
            window=self._window(),
        )
        if self.claim:
            self.claim.check()
        write_results(self.job, self.runtime.device, results)

    def _peak(self, own: MemoryPeak) -> MemoryPeak:
        """Give the largest peak of all processes."""
        return max(gathered(own, self.processes), key=lambda one: one.peak_mib)

    def _joules(self, own: float | None) -> float | None:
        """Add up what all processes counted; None where one could not that had to."""
        counts = self.processes.local_rank == 0 or self.device.type == "cuda"
        found = [joules for joules, counted in gathered((own, counts), self.processes) if counted]
        return None if None in found else sum(filter(None, found))

    def _tested(self, parts: Parts, scores: _Scores, trackers: Trackers) -> Tested:
        """Put the scores of the test split beside those that take no model."""
        trackers.log(self._scores(scores.cases), self.spec.recipe.iterations)
        self.tell("sanity")
        sanity = shared_sanity(self.spec, parts.dataset, parts.metrics, Path(self.runtime.cache))
        return Tested(scores.cases, scores.bins, sanity)

    def _scores(self, table: pd.DataFrame) -> dict[str, float]:
        """Give the mean of every metric as the protocol ranks by it, where it applies."""
        skips = self.spec.protocol.skips_undefined
        means = {
            metric.name: primary_score(table, metric.name, skips_undefined=skips)
            for metric in self.spec.metrics
        }
        return {f"test/{name}": mean for name, mean in means.items() if mean is not None}

    def _train(self, parts: Parts, trackers: Trackers, memory: PeakMemory) -> TrainingState:
        self.folder.scratch.mkdir(exist_ok=True)
        setup = TrainingSetup(
            device=self.device,
            folder=self.folder.scratch,
            fingerprint=self.job.fingerprint,
            checkpoint_seconds=self.runtime.checkpoint_seconds,
            tell=self._trained,
            tell_loader=lambda plan: self.tell("train", 0, self.spec.recipe.iterations, plan),
            note=self.note,
            trials=self.runtime.at_once,
            goes_on=self._goes_on,
            tell_curve=trackers.curve,
            processes=self.processes,
            peak=None if self.tunes else lambda: self._peak(memory.read()),
        )
        score = partial(self._validate, parts)
        return train(
            parts.network, parts.dataset, self.spec, parts.methods, parts.normalisation, score, setup
        )

    def _trained(self, done: int, loss: float) -> None:
        self.steps = done
        self.tell("train", done, self.spec.recipe.iterations, f"loss {loss:.3f}")

    def _goes_on(self, iteration: int, score: float | None) -> bool:
        """Tell a study of a validation's score, and hear whether it is worth going on."""
        total = self.spec.recipe.iterations
        if not self.tunes or iteration == total or score is None:
            return True
        if not self.processes.leads:
            return gathered(True, self.processes)[0]
        self.listener(
            Event(
                fingerprint=self.job.fingerprint,
                kind="progress",
                phase="train",
                done=iteration,
                total=total,
                message=f"validation {score:.4f}",
                score=score,
            )
        )
        return gathered(not self.judge.prunes(iteration), self.processes)[0]

    def _validate(self, parts: Parts, network: nn.Module) -> float | None:
        """Score as the test split is scored, but with windows side by side: a quarter of the work."""
        cases = spread(parts.dataset.manifest.split("val"), self.spec.recipe.validation_cases)
        mine = self._share(cases)
        protocol = replace(self.spec.protocol, overlap=0.0, slice_overlap=0.0)
        seen, total = _counter(), self._windows(mine, parts, protocol)

        def on_windows(number: int) -> None:
            done = f"validating, {seen(number):,}/{total:,} windows"
            self.tell("train", self.steps, self.spec.recipe.iterations, done)

        ranks = self.spec.protocol.primary  # the others would only take time
        judge = replace(parts, metrics={ranks: parts.metrics[ranks]})
        scores = self._evaluate(judge, network, mine, protocol, lambda *_: None, on_windows)
        table = in_order(gathered(scores, self.processes), cases)
        return primary_score(table, ranks, skips_undefined=protocol.skips_undefined)

    def _choose_decoder(self, parts: Parts) -> tuple[Method[DecoderCard] | None, Decoding | None]:
        """Try the settings of the decoder on the validation split, each on the same predictions."""
        if parts.decoder is None:
            return None, None
        tried = tried_settings(parts.decoder)
        metric = judging_metric(self.spec.protocol, self.spec.metrics)
        if len(tried) == 1:
            return choose(tried, [None], metric, 0)
        cases = spread(parts.dataset.manifest.split("val"), self.spec.recipe.validation_cases)
        tables = gathered(self._tried(parts, tried, metric, self._share(cases)), self.processes)
        skips = self.spec.protocol.skips_undefined
        scores = [
            primary_score(in_order(several, cases), metric.name, skips_undefined=skips)
            for several in zip(*tables, strict=True)
        ]
        return choose(tried, scores, metric, len(cases))

    def _tried(
        self, parts: Parts, tried: Sequence[Method[DecoderCard]], metric: MetricSpec, cases: Sequence[Case]
    ) -> list[pd.DataFrame]:
        """Score cases with the objects that each setting finds."""
        finders = [make_finder(one, self.spec.model.extra_outputs) for one in tried]
        segmenter = segmenter_of(parts, self.spec, parts.network, self.spec.protocol, self.runtime.device)
        predictor = Predictor(segmenter, parts.dataset.manifest, self.folder.scratch, finders[0])
        with inference(parts.network, self.runtime.device, self.precision):
            return score_settings(
                predictor,
                finders,
                parts.dataset,
                cases,
                {metric.name: parts.metrics[metric.name]},
                lambda number: self.tell("decoder", number, len(cases), f"{len(tried)} settings"),
            )

    def _test(self, parts: Parts, memory: PeakMemory) -> _Scores:
        """Score the test split, but for the cases that an earlier session has done."""
        cases, protocol = parts.dataset.manifest.split("test"), self.spec.protocol
        previews = PreviewWriter(self.folder.previews, cases)
        labels = KeptLabels(self.folder.predictions, cases)
        mine, numbers = self._share(cases), {case.id: number for number, case in enumerate(cases)}
        total, seen = self._windows(mine, parts, protocol), _counter()
        keys = CaseKeys(self.job.fingerprint, self.spec, parts.network, self.runtime.device)
        done = DoneCases(
            self.folder,
            keys,
            parts.dataset.manifest,
            list(parts.metrics),
            files_of=lambda case: [labels.path(numbers[case.id]), *previews.paths(case)],
            peak=memory.read,
            note=self.note,
        )

        bins: dict[str, Sequence[ReliabilityRow]] = {}

        def on_logits(case: Case, sample: Sample, logits: Tensor) -> None:
            bins[case.id] = reliability(case, sample.labels, logits, parts.dataset.manifest)

        def on_case(
            case: Case, sample: Sample, prediction: np.ndarray[Any, Any], rows: Sequence[ScoreRow]
        ) -> None:
            previews.take(case, without_neighbours(sample, self.spec.model.context), prediction)
            labels.write(numbers[case.id], prediction)
            done.keep(case, rows, bins.get(case.id, ()))

        def on_windows(number: int) -> None:
            self.tell("test", seen(number), total, "windows")

        def on_kept(number: int, seconds: float) -> None:
            done.add(seconds)
            on_windows(number)

        on_windows(0)
        kept = {case.id: found for case in mine if (found := done.find(case)) is not None}
        todo = [case for case in mine if case.id not in kept]
        if kept:
            on_windows(total - self._windows(todo, parts, protocol))
        begun = BegunCases(self.folder, keys, on_kept)
        rest = self._evaluate(
            *(parts, parts.network, todo, protocol, on_case, on_windows),
            on_logits=on_logits,
            going_on=begun.going_on,
        )
        before = to_frame(chain.from_iterable(found.rows for found in kept.values()))
        own = to_reliability(chain(*(found.bins for found in kept.values()), *bins.values()))
        mine_of_all = gathered(((before, rest), own, done.seconds, done.memory, done.went_on), self.processes)
        if self.processes.leads:
            previews.finish()
            labels.list_cases()
        tables, reliabilities, seconds, memories, went_on = zip(*mine_of_all, strict=True)
        return _Scores(
            cases=in_order([*chain(*tables)], cases),
            bins=in_order(reliabilities, cases),
            seconds=max(seconds),
            memory=max(memories, key=lambda one: one.peak_mib),
            went_on=any(went_on),
        )

    def _windows(self, cases: Sequence[Case], parts: Parts, protocol: ScoringProtocol) -> int:
        """Count the windows of cases."""
        axes, window = parts.dataset.manifest.axes, self._window()
        return sum(count_windows(case.sides, axes, protocol, window=window) for case in cases)

    def _share(self, cases: Sequence[Case]) -> Sequence[Case]:
        """Give the cases that are this process's."""
        return cases[self.processes.rank :: self.processes.count]

    def _evaluate(
        self,
        parts: Parts,
        network: nn.Module,
        cases: Sequence[Case],
        protocol: ScoringProtocol,
        on_case: OnCase,
        on_windows: Callable[[int], None],
        *,
        on_logits: OnLogits = lambda *_: None,
        going_on: GoingOn = lambda *_: nullcontext(),
    ) -> pd.DataFrame:
        return evaluate(
            segmenter_of(parts, self.spec, network, protocol, self.runtime.device, on_windows),
            parts.dataset,
            cases,
            metrics=parts.metrics,
            precision=self.precision,
            on_case=on_case,
            on_logits=on_logits,
            scratch=self.folder.scratch,
            going_on=going_on,
            finder=self._finder(parts),
        )

    def _finder(self, parts: Parts) -> ObjectFinder | None:
        """Make what finds predicted objects, where a metric that is asked for compares objects."""
        compared = {metric.name for metric in self.spec.metrics if metric.of_objects}
        if parts.decoder is None or not compared & parts.metrics.keys():
            return None
        return make_finder(parts.decoder, self.spec.model.extra_outputs)

    def _window(self) -> int:
        divisor = self.spec.model.size_divisor
        return window_side(self.spec.protocol, crop_side(self.spec.recipe, divisor), divisor)

    def _profile(
        self,
        parts: Parts,
        state: TrainingState,
        memory: MemoryPeak,
        test_seconds: float,
        energy: EnergyMeter,
        joules: float | None,
    ) -> Profile:
        self.tell("profile")
        recipe = self.spec.recipe
        iterations = state.pruned_at or recipe.iterations
        untimed = state.compiled
        inference = profile_inference(
            parts.network,
            channels=parts.dataset.manifest.channels,
            window=self._window(),
            device=self.runtime.device,
            precision=self.precision,
            energy=energy,
            on_note=self.note,
        )
        assert state.optimiser is not None  # noqa: S101 - training has ended
        return complete_profile(
            inference,
            memory,
            trainable_parameters=state.optimiser.parameters,
            optimiser_state_mib=state.optimiser.state_mib,
            train_seconds=state.train_seconds,
            train_images_per_s=(iterations - untimed) * recipe.batch_size / state.train_seconds,
            compile_seconds=state.compile_seconds if recipe.compile else None,
            validation_seconds=state.validation_seconds,
            test_seconds=test_seconds,
            energy_counted=energy.shared_by(self.runtime),
            trial_joules=joules,
        )


@contextmanager
def _threads(count: int) -> Iterator[None]:
    """Compute with so many threads, on any machine, and give the process its own back."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
