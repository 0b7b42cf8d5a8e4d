"""Three models on mitochondria, under one recipe and tuned with the same budget: who changes places?

    python run.py --data DIR

lays the data out, trains the three models as they come (closed division), tunes each on the validation split
and tests its best setting (open division), both with two seeds, and ends with the report.  Each step goes on
where an earlier run of it stopped.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image

COMMAND = str(Path(sys.executable).with_name("emseg-bench"))
MODELS = "unet[encoder=resnet18]@scratch,fpn[encoder=resnet18]@scratch,segformer@scratch"
CLASSES = "classes: [background, mitochondria]\nvolume: true\n"
SIDE = 256
"""Of each section, from its top left corner, px."""
SHARED = (
    *("--models", MODELS, "--datasets", "folder[gap=0]:data", "--seeds", "2", "--out", "results"),
    *("--recipe", "quick", "--set", "recipe.precision=fp32", "--threads", "1"),
)
STEPS = ("--set", "recipe.iterations=40")
TRIALS = 6
SMOKE = (
    *("--set", "recipe.iterations=2", "--set", "recipe.crop=32", "--set", "recipe.batch_size=2"),
    *("--set", "protocol.window=64"),
)


def parse() -> argparse.Namespace:
    """Read the options."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="holds cdeep3m_mito/")
    parser.add_argument("--work", type=Path, default=Path("tuned"), help="takes everything that is made")
    parser.add_argument("--workers", type=int, default=2, help="trials at once")
    parser.add_argument("--smoke", action="store_true", help="a few steps on small images, to try it")
    return parser.parse_args()


def prepare(source: Path, data: Path, side: int) -> None:
    """Cut the published sections down into ``data/train`` and ``data/test``, unless they are there.

    Args:
        source: Holds ``cdeep3m_mito/train`` and ``cdeep3m_mito/val``.
        data: The folder of the dataset.
        side: Of each section.
    """
    volume = source / "cdeep3m_mito"
    if not volume.is_dir():
        raise SystemExit(f"{source} has no folder cdeep3m_mito; README.md says what belongs there.")
    if (data / "dataset.yaml").exists():
        return
    for split, name in (("train", "train"), ("val", "test")):
        for kind in ("images", "masks"):
            (data / name / kind).mkdir(parents=True, exist_ok=True)
            for file in sorted((volume / split / kind).glob("*.png")):
                cut = np.asarray(Image.open(file))[:side, :side]
                Image.fromarray(cut).save(data / name / kind / file.name)
    (data / "dataset.yaml").write_text(CLASSES)


def command(*arguments: str, work: Path) -> None:
    """Run emseg-bench; stop with its exit code if it fails."""
    done = subprocess.run([COMMAND, *arguments], cwd=work, check=False)
    if done.returncode:
        raise SystemExit(done.returncode)


def main() -> None:
    """Prepare, train as they come, tune."""
    options = parse()
    work = options.work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    prepare(options.data.resolve(), work / "data", 128 if options.smoke else SIDE)
    size = SMOKE if options.smoke else STEPS
    workers = ("--workers", str(options.workers))
    command("run", *SHARED, *size, *workers, work=work)
    trials = ("--trials", "2" if options.smoke else str(TRIALS))
    command("tune", *SHARED, *size, *workers, *trials, work=work)


if __name__ == "__main__":
    main()
