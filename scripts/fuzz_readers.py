"""Gives damaged files to every reader: no traceback, no hang, no more than the bounded memory.

    python scripts/fuzz_readers.py                         2,000 inputs of every format
    python scripts/fuzz_readers.py --format nrrd --inputs 200 --seed 7
    python scripts/fuzz_readers.py --format tiff --only 1234    one case, with what it raised

A small valid file of each format is changed by a seeded generator: bits, bytes, stretches cut out, doubled or
put elsewhere, numbers that are limits of their type.  Each input is read in a child of its own, forked from
this process, with bounds on time and memory.  A reader that raises one of our own errors, or reads, has
passed; all else is a fault, and makes the exit code 1.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import signal
import struct
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from fuzz_formats import FORMATS, Format

SECONDS: Final = 20
BYTES: Final = 2 << 30
"""Of memory beyond what the child begins with."""
READ, REFUSED, FAULT = 0, 2, 1
_LIMITS: Final = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
_WORDS: Final = (b"nan", b"-1", b"0", b"1e308", b"99999999999999999999", b"[", b"{", b"..", b"\x00", b"\xff")


@dataclass
class Tally:
    """What became of a format's inputs."""

    ends: Counter[int] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    slowest: float = 0.0
    most: int = 0
    """MiB."""


def main() -> int:
    """Return the exit code."""
    as_it_is = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=as_it_is)
    parser.add_argument("--format", choices=sorted(FORMATS), action="append", help="may be repeated")
    parser.add_argument("--inputs", type=int, default=2000, help="of each format")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", type=int, metavar="NUMBER", help="a single input, shown in full")
    options = parser.parse_args()
    tallies = {}
    for name in options.format or FORMATS:
        with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
            os.environ["EMSEG_BENCH_CACHE"] = f"{folder}/cache"
            numbers = range(options.inputs) if options.only is None else [options.only]
            tallies[name] = _fuzz(FORMATS[name], name, Path(folder), options.seed, numbers)
    _show(tallies, options.seed)
    return int(any(tally.faults for tally in tallies.values()))


def _fuzz(form: Format, name: str, folder: Path, seed: int, numbers: range | list[int]) -> Tally:
    valid = folder / "valid"
    valid.mkdir()
    target = form.make(valid)
    form.read(target)  # it is valid; this also imports what children then share
    tally = Tally()
    for number in numbers:
        changed = folder / "changed"
        chance = random.Random(f"{seed} {name} {number}")  # noqa: S311
        made = _mutate(valid, changed, target, form.victims, chance)
        log = folder / "log"
        code, seconds, mib = _attempt(form.read, made, log)
        tally.ends[code] += 1
        tally.slowest, tally.most = max(tally.slowest, seconds), max(tally.most, mib)
        if code not in (READ, REFUSED) or len(numbers) == 1:
            said = log.read_text(errors="replace").strip().splitlines() or ["nothing"]
            tally.faults += [f"--format {name} --seed {seed} --only {number}: {code}: {said[-1][:150]}"] * (
                code not in (READ, REFUSED)
            )
            if len(numbers) == 1:
                sys.stdout.write("\n".join(said) + "\n")
    return tally


def _mutate(valid: Path, changed: Path, target: Path, victims: str, random_: random.Random) -> Path:
    """Copy all files and change one of those that `victims` matches; return where the copy of `target` is."""
    import shutil

    shutil.rmtree(changed, ignore_errors=True)
    shutil.copytree(valid, changed)
    files = sorted(path for path in changed.rglob(victims) if path.is_file())
    victim = random_.choice(files)
    content = bytearray(victim.read_bytes())
    for _ in range(random_.choice((1, 1, 1, 2, 4, 16))):
        content = random_.choice(_CHANGES)(content, random_)
    victim.write_bytes(content)
    return changed / target.relative_to(valid)


def _place(content: bytearray, random_: random.Random) -> int:
    """Choose a place, of long files often near the beginning or the end, where headers stand."""
    if len(content) > 512 and random_.random() < 0.7:
        return random_.choice((random_.randrange(512), len(content) - 1 - random_.randrange(256)))
    return random_.randrange(max(1, len(content)))


def _flip(content: bytearray, random_: random.Random) -> bytearray:
    if content:
        content[_place(content, random_)] ^= 1 << random_.randrange(8)
    return content


def _number(content: bytearray, random_: random.Random) -> bytearray:
    place, form = _place(content, random_), random_.choice(("<B", "<H", ">H", "<I", ">I", "<Q", ">Q"))
    size = struct.calcsize(form)
    content[place : place + size] = struct.pack(form, random_.choice(_LIMITS) & (256**size - 1))
    return content


def _cut(content: bytearray, random_: random.Random) -> bytearray:
    return content[: _place(content, random_)]


def _drop(content: bytearray, random_: random.Random) -> bytearray:
    place = _place(content, random_)
    del content[place : place + random_.randrange(1, 64)]
    return content


def _double(content: bytearray, random_: random.Random) -> bytearray:
    place = _place(content, random_)
    content[place:place] = content[place : place + random_.randrange(1, 64)]
    return content


def _word(content: bytearray, random_: random.Random) -> bytearray:
    place, word = _place(content, random_), random_.choice(_WORDS)
    content[place : place + len(word)] = word
    return content


def _digits(content: bytearray, random_: random.Random) -> bytearray:
    """Replace a digit of a text, where there is one."""
    places = [place for place, byte in enumerate(content[:4096]) if 48 <= byte <= 57]
    if places:
        place = random_.choice(places)
        content[place : place + 1] = random_.choice((b"-1", b"0", b"9999999999", b"1e9", b"null", b"[]"))
    return content


_CHANGES: Final[tuple[Callable[[bytearray, random.Random], bytearray], ...]] = (
    _flip,
    _number,
    _number,
    _cut,
    _drop,
    _double,
    _word,
    _digits,
)


def _attempt(read: Callable[[Path], object], path: Path, log: Path) -> tuple[int, float, int]:
    """Read in a child; return how it ended (a signal as a negative number), after how long, and its MiB."""
    began = time.monotonic()
    child = os.fork()
    if child == 0:
        _become_the_reader(read, path, log)
    status, usage = _wait(child, began + SECONDS)
    return (
        os.waitstatus_to_exitcode(status),
        time.monotonic() - began,
        usage.ru_maxrss // 1024,
    )


def _wait(child: int, deadline: float) -> tuple[int, resource.struct_rusage]:
    pause = 0.0005
    while True:
        ended, status, usage = os.wait4(child, os.WNOHANG)
        if ended:
            return status, usage
        if time.monotonic() > deadline:
            os.kill(child, signal.SIGKILL)
        time.sleep(pause)
        pause = min(0.02, pause * 1.3)


def _become_the_reader(read: Callable[[Path], object], path: Path, log: Path) -> None:
    """Read and end the process; never returns."""
    from emseg_bench.benchmark.contracts.errors import EmsegError
    from emseg_bench.benchmark.files.decoding import explained

    code = FAULT
    try:
        target = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        for number in (1, 2):
            os.dup2(target, number)
        held = int(Path("/proc/self/statm").read_text().split()[5]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_DATA, (held + BYTES, held + BYTES))
        read(path)
        code = READ
    except EmsegError as error:
        os.write(1, str(error).encode(errors="replace"))
        code = REFUSED
    except BaseException as failure:  # noqa: BLE001 - what the command line's last line of defence would make of it
        if sentence := explained(failure):
            os.write(1, sentence.encode(errors="replace"))
            code = REFUSED
        else:
            os.write(2, traceback.format_exc().encode(errors="replace"))
    finally:
        os._exit(code)


def _show(tallies: dict[str, Tally], seed: int) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("format", "inputs", "read", "refused", "faults", "slowest, s", "most, MiB")
    for name, tally in tallies.items():
        inputs = sum(tally.ends.values())
        counts = (inputs, tally.ends[READ], tally.ends[REFUSED], len(tally.faults))
        table.add_row(name, *(f"{count:,}" for count in counts), f"{tally.slowest:.1f}", f"{tally.most:,}")
    console = Console()
    console.print(table)
    console.print(f"seed {seed}; each input at most {SECONDS} s and {BYTES >> 20:,} MiB beyond its start")
    for tally in tallies.values():
        for fault in tally.faults[:20]:
            console.print(fault, markup=False)


if __name__ == "__main__":
    sys.exit(main())
