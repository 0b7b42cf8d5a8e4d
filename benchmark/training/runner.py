"""The thin layer over mmengine's Runner: built objects in, no files, our device, a loop that resumes."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from mmengine.hooks import Hook
from mmengine.optim import OptimWrapper
from mmengine.runner import BaseLoop, Runner
from mmengine.visualization import Visualizer
from torch import nn
from torch.utils.data import DataLoader

from .sampler import DrawSampler

NO_DEFAULT_HOOKS = dict.fromkeys(("runtime_info", "timer", "sampler_seed", "logger", "checkpoint"))
"""Of mmengine's default hooks only the schedule's is wanted; ours log, check and save."""


class TrialRunner(Runner):  # type: ignore[misc]
    """mmengine's Runner for a model that is already on its device.

    Args:
        model: Takes `train_step`s.
        loader: Gives endless batches.
        iterations: How many steps to take.
        optim_wrapper: Of the model's parameters.
        schedules: Of the learning rate.
        hooks: Called about every step.
        folder: mmengine insists on one.
        seed: Set once more when training starts.
        deterministic: Use deterministic CUDA kernels only.
        visualizer: Hears figures; None: nobody does.
    """

    def __init__(
        self,
        model: nn.Module,
        loader: DataLoader[Any],
        iterations: int,
        optim_wrapper: OptimWrapper,
        schedules: Sequence[Any],
        hooks: Sequence[Hook],
        folder: Path,
        seed: int,
        *,
        deterministic: bool,
        visualizer: Visualizer | None = None,
    ) -> None:
        name = f"emseg-bench-{time.monotonic_ns()}"
        super().__init__(
            model,
            str(folder),
            train_dataloader=loader,
            train_cfg={"type": DrawLoop, "iterations": iterations},
            optim_wrapper=optim_wrapper,
            param_scheduler=list(schedules),
            default_hooks=NO_DEFAULT_HOOKS,
            custom_hooks=list(hooks),
            log_processor={"by_epoch": False},
            log_level="WARNING",
            visualizer=visualizer or Visualizer(name=name),
            env_cfg={"cudnn_benchmark": not deterministic},
            randomness={"seed": seed, "deterministic": deterministic},
            experiment_name=name,
        )

    def wrap_model(self, model_wrapper_cfg: dict[str, Any] | None, model: nn.Module) -> nn.Module:
        """Leave the model where it is: mmengine would move it to the first accelerator that it finds."""
        return model


class DrawLoop(BaseLoop):  # type: ignore[misc]
    """Takes steps over an endless loader; going on from step i, it starts the sampler there.

    mmengine's own loop would fetch and throw away every batch before i.
    """

    def __init__(self, runner: Runner, dataloader: DataLoader[Any], iterations: int) -> None:
        super().__init__(runner, dataloader)
        self.max_iters, self.iter = iterations, 0
        self.max_epochs, self.epoch = 1, 0

    def run(self) -> nn.Module:
        """Take the steps that are left."""
        self.runner.call_hook("before_train")
        for batch in self._batches():
            self.runner.model.train()
            self.runner.call_hook("before_train_iter", batch_idx=self.iter, data_batch=batch)
            outputs = self.runner.model.train_step(batch, optim_wrapper=self.runner.optim_wrapper)
            self.iter += 1
            self.runner.call_hook(
                "after_train_iter", batch_idx=self.iter - 1, data_batch=batch, outputs=outputs
            )
        self.runner.call_hook("after_train")
        model: nn.Module = self.runner.model
        return model

    def _batches(self) -> Iterator[Any]:
        sampler = self.dataloader.sampler
        assert isinstance(sampler, DrawSampler)  # noqa: S101 - `train` builds it
        sampler.start = self.iter * self.dataloader.batch_size * sampler.processes
        return iter(self.dataloader)
