"""RETINA's claim in miniature: does pre-training on unlabelled EM help where labels are few?

    python run.py --data DIR

prepares the data, pre-trains, fine-tunes pre-trained and from scratch with five seeds on two volumes, and
writes the comparison to WORK/summary.  Each step goes on where an earlier run of it stopped.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

from prepare import A_LITTLE, ALL, prepare
from summary import summarise

HERE = Path(__file__).parent
COMMAND = [str(Path(sys.executable).with_name("emseg-bench"))]

PRETRAINING = ["--method", "reconstruction", "--model", "retina", "--recipe", "retina-2025"]
# published: 200 epochs of half a million images, 256 of 224 px per step; a CPU has to make do with less
SETTINGS = {
    "crop": "96",
    "batch_size": "16",
    "epochs": "16",
    "schedule_epochs": "16",
    "optimiser": "adamw",
    "learning_rate": "0.0005",
    "weight_decay": "0.01",
    "save_every": "16",
    "panels_every": "4",
}
SMOKE_SETTINGS = {**SETTINGS, "epochs": "1", "crop": "32", "batch_size": "4"}
SMOKE = [
    *("--datasets", "folder[gap=0]:data/vnc"),
    *("--seeds", "2", "--set", "recipe.iterations=2", "--set", "recipe.crop=32"),
    *("--set", "recipe.batch_size=2", "--set", "protocol.window=64"),
]


def parse() -> argparse.Namespace:
    """Read the options."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="holds vnc/, cdeep3m_mito/, cem_examples/")
    parser.add_argument("--work", type=Path, default=Path("miniature"), help="takes everything that is made")
    parser.add_argument("--workers", type=int, default=1, help="trials at once")
    parser.add_argument(
        "--smoke", action="store_true", help="a few steps on a few images of one volume, to try it"
    )
    return parser.parse_args()


def command(*arguments: str, cwd: Path) -> None:
    """Run emseg-bench; stop with its exit code if it fails."""
    done = subprocess.run([*COMMAND, *arguments], cwd=cwd, check=False)
    if done.returncode:
        raise SystemExit(done.returncode)


def main() -> None:
    """Prepare, pre-train, fine-tune, sum up."""
    options = parse()
    work = options.work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    prepare(options.data.resolve(), work, A_LITTLE if options.smoke else ALL)
    shutil.copyfile(HERE / "experiment.yaml", work / "experiment.yaml")
    settings = SMOKE_SETTINGS if options.smoke else SETTINGS
    chosen = [text for key, value in settings.items() for text in ("--set", f"recipe.{key}={value}")]
    command("pretrain", "--images", "patches", "--out", "pretrained", *PRETRAINING, *chosen, cwd=work)
    workers = ("--workers", str(options.workers))
    command("run", "experiment.yaml", *workers, *(SMOKE if options.smoke else []), cwd=work)
    print(summarise(work / "results", work / "pretrained", work / "summary"))


if __name__ == "__main__":
    main()
