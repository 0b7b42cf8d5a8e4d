"""Names from outside: nothing in them steers a terminal, and no terminal is too poor for what is said."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

NAMES = {
    "a colour": "\x1b[31mred\x1b[0m",
    "a title": "\x1b]0;owned\x07",
    "a bell": "ding\x07",
    "backspaces": "evil\x08\x08\x08\x08good",
    "a C1 sequence": "\x9b31mred",
    "text turned around": "gpj.\u202egnp",
    "an isolate": "\u2066a\u2069",
    "a line": "one\nerror: two",
    "a carriage return": "one\rtwo",
    "a line separator": "one\u2028two",
    "delete": "a\x7fb",
}
HARMFUL = frozenset("\x07\x08\x0b\x0c\r\x1b\x7f\x9b\u202e\u2028\u2066\u2069")
POOR = ("ascii", "latin-1", "cp437", "koi8-r")


def harmless(raw: bytes) -> None:
    found = HARMFUL & set(raw.decode(errors="replace"))
    assert not found, f"{found} in {raw[:500]!r}"


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
class TestNames:
    """Each, wherever a command is given it."""

    def test_as_model(self, name: str, attack: Callable, refused: Callable) -> None:
        ended = attack("run", "--models", f"un{name}et")
        refused(ended, "model")
        harmless(ended.raw)

    def test_as_folder_of_images(self, name: str, attack: Callable, refused: Callable) -> None:
        ended = attack("run", "--models", "unet", "--datasets", f"folder:/nowhere/{name}")
        refused(ended, "nowhere")
        harmless(ended.raw)

    def test_as_setting(self, name: str, attack: Callable, refused: Callable) -> None:
        ended = attack("run", "--models", "unet", "--set", f"recipe.{name}=1")
        refused(ended, "no such key")
        harmless(ended.raw)

    def test_as_verb_and_option(self, name: str, attack: Callable, refused: Callable) -> None:
        for arguments in ([f"ru{name}n"], ["run", f"--mod{name}els", "x"]):
            ended = attack(*arguments)
            refused(ended)
            harmless(ended.raw)

    def test_as_file_of_images_and_class(self, name: str, attack: Callable, work: Path) -> None:
        draw(work / "cells", name)
        for arguments in (("data", "inspect", "folder:cells"), ("data", "init", "cells")):
            ended = attack(*arguments)
            assert "Traceback" not in ended.told, ended.told
            harmless(ended.raw)


@pytest.mark.parametrize(
    "arguments",
    [
        ("score", "--pred", "cells/images", "--truth", "gone{name}"),
        ("score", "--pred", "cells/masks", "--truth", "other"),
        ("data", "info", "folder:cells"),
        ("data", "init", "cells"),
        ("data", "inspect", "folder:cells", "--html", "page{name}.html"),
        ("pretrain", "--images", "cells/masks", "--out", "out{name}", "--recipe", "smoke", "--dry-run"),
        ("report", "results{name}"),
        ("weights", "import", "file{name}"),
        ("data", "import", "isbi2012", "--archive", "file{name}"),
    ],
    ids=" ".join,
)
def test_a_name_begins_no_line_of_its_own(arguments: tuple[str, ...], attack: Callable, work: Path) -> None:
    name = "one\nerror: two"
    draw(work / "cells", name)
    draw(work / "other", "")
    (work / "other/0.png").write_bytes((work / "cells" / "masks" / f"0{name}.png").read_bytes())
    (work / "cells/masks" / f"bad{name}.png").write_bytes(b"x")
    ended = attack(*(argument.replace("{name}", name) for argument in arguments))
    assert "Traceback" not in ended.told, ended.told
    assert not [line for line in (ended.out + ended.err).splitlines() if line.startswith("error: two")]
    harmless(ended.raw)


def draw(folder: Path, name: str) -> None:
    rng = np.random.default_rng(0)
    for room in ("images", "masks"):
        (folder / room).mkdir(parents=True, exist_ok=True)
    for number in range(4):
        image = rng.integers(0, 255, (64, 64), dtype=np.uint8)
        Image.fromarray(image).save(folder / f"images/{number}{name}.png")
        Image.fromarray((image > 200).astype(np.uint8)).save(folder / f"masks/{number}{name}.png")


def test_a_class_cannot_steer_either(attack: Callable, work: Path) -> None:
    draw(work / "cells", "")
    (work / "cells/dataset.yaml").write_text('classes: [background, "\\e[31mcell\\u202e"]\n')
    ended = attack("data", "inspect", "folder:cells")
    assert ended.code == 0, ended.told
    assert "\\x1b[31mcell\\u202e" in ended.out
    harmless(ended.raw)


def test_a_name_that_is_no_utf8_is_shown_by_its_bytes(attack: Callable, work: Path) -> None:
    draw(work / "cells", "")
    os.rename(b"cells/images/0.png", b"cells/images/0\xff.png")  # noqa: PTH104 - bytes
    ended = attack("data", "inspect", "folder:cells")
    assert "Traceback" not in ended.told, ended.told
    assert "0\\xff" in ended.told


@pytest.fixture
def environment(work: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONUTF8": "0", "COLUMNS": "200"}


def emseg(environment: dict[str, str], *arguments: str, **streams: object) -> subprocess.CompletedProcess:
    code = "from emseg_bench.cli import main; main()"
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env=environment,
        check=False,
        **{"capture_output": True, "timeout": 600, **streams},  # type: ignore[call-overload]
    )


ONE_AFTER_ANOTHER = """
import sys
from itertools import groupby
from emseg_bench.cli import main

commands = [list(words) for is_end, words in groupby(sys.argv[1:], ";".__eq__) if not is_end]
for number, words in enumerate(commands, 1):
    sys.argv = ["emseg-bench", *words]
    try:
        main()
    except SystemExit as ended:
        if ended.code or number == len(commands):
            raise
"""


@pytest.mark.parametrize("encoding", POOR)
def test_a_poor_terminal_gets_other_characters(encoding: str, environment: dict[str, str]) -> None:
    environment |= {"PYTHONIOENCODING": encoding, "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0"}
    done = subprocess.run(
        [
            *(sys.executable, "-c", ONE_AFTER_ANOTHER),
            *("describe", "metric", "iou", ";"),
            *("run", "--models", "unet", "--dry-run", ";"),
            *("run", "--models", "ü漢–"),
        ],
        env=environment,
        capture_output=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    done.stdout.decode(encoding)
    assert b"Intersection over union" in done.stdout
    assert b"unet@scratch" in done.stdout
    assert b"Traceback" not in done.stderr
    assert b"no model is called" in done.stderr


def test_a_reader_who_has_gone_stops_nothing(environment: dict[str, str]) -> None:
    read, write = os.pipe()
    os.close(read)
    done = emseg(environment, "list", "models", capture_output=False, stdout=write, stderr=subprocess.PIPE)
    os.close(write)
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_full_disk_behind_standard_output_is_told(environment: dict[str, str]) -> None:
    with Path("/dev/full").open("wb") as full:
        done = emseg(environment, "list", "models", capture_output=False, stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 2
    assert b"error: standard output cannot be written: its disk is full." in done.stderr


def test_without_standard_output_commands_run(environment: dict[str, str]) -> None:
    def close() -> None:
        os.close(1)

    done = emseg(
        environment, "list", "models", capture_output=False, stderr=subprocess.PIPE, preexec_fn=close
    )
    assert (done.returncode, done.stderr) == (0, b"")


def test_what_rich_draws_in_a_terminal_is_printable() -> None:
    from io import StringIO

    from emseg_bench.cli.console import Console
    from rich.progress import Progress, TextColumn
    from rich.table import Table
    from rich.text import Text

    for name in NAMES.values():
        drawn = StringIO()
        console = Console(file=drawn, force_terminal=False, width=200)
        table = Table()
        table.add_column(Text(name))
        table.add_row(Text(name))
        console.print(table)
        console.print(name, markup=False)
        with Progress(TextColumn("{task.description}", markup=False), console=console) as progress:
            progress.add_task(name, total=1)
        assert not (HARMFUL - {"\r"}) & set(drawn.getvalue())
