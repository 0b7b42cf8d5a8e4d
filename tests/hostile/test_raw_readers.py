"""Files from outside are opened by the modules that guard, and by nobody else."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import emseg_bench
import pytest

ROOT: Final = Path(emseg_bench.__file__).parent
PACKAGES: Final = (
    "api",
    "benchmark",
    "cli",
    "datasets",
    "models",
    "papers",
    "pretraining",
    "reports",
    "testing",
)

READERS: Final = frozenset(
    {
        *("open", "read_text", "read_bytes", "fromfile", "memmap", "open_memmap", "genfromtxt", "loadtxt"),
        *("load_file", "safe_open", "safe_load", "full_load", "unsafe_load", "read_parquet", "ParquetFile"),
        *("read_table", "read_csv", "read_json", "read_excel", "read_hdf", "imread", "TiffFile", "ReadImage"),
        *("ImageFileReader", "ZipFile", "is_zipfile", "TarFile", "BZ2File", "LZMAFile", "GzipFile"),
        *("open_array", "open_group", "fromstring", "iterparse", "Unpickler", "read_pickle"),
    }
)
"""Names of what reads a file, whatever module they are of."""
OF_MODULES: Final = frozenset(
    {
        *("np.load", "numpy.load", "torch.load", "h5py.File", "json.load", "json.loads", "yaml.load"),
        *(
            "pickle.load",
            "pickle.loads",
            "tomllib.load",
            "tomllib.loads",
            "ElementTree.parse",
            "sitk.ReadImage",
        ),
        *(
            "os.open",
            "csv.reader",
            "csv.DictReader",
            "np.lib.format.read_array",
            "nib.load",
            "cloudpickle.load",
        ),
    }
)
"""Names that only together with their module read a file."""
WRITING: Final = frozenset("wxa")

GUARDING: Final[dict[str, str]] = {
    "benchmark/files": "the guards themselves, and what is written whole",
    "benchmark/images/volumes/found.py": "maps what `checked` has measured",
    "benchmark/images/volumes/hdf5.py": "check_regular, then hdf5_guard",
    "benchmark/images/volumes/mrc.py": "check_regular, then the length of the header",
    "benchmark/images/volumes/nifti.py": "nifti_guard",
    "benchmark/images/volumes/tiff.py": "tiff_guard; the array of tiles is tifffile's own",
    "benchmark/images/volumes/zarr_store.py": "the guarded store",
    "benchmark/images/pixels.py": "read_bytes, then png_guard",
    "benchmark/trials/kept_labels.py": "open_regular, and the shape that the trial has",
    "benchmark/predictions/jpeg.py": "read_bytes, and the claim of the header",
    "benchmark/evaluation/working.py": "its own folder beside what it writes",
    "benchmark/predictions/writing/hdf5.py": "check_regular; of its own output attributes alone",
    "benchmark/predictions/writing/png.py": "open_regular; of its own output the header alone",
    "benchmark/weights/reading.py": "weighs entries, headers and claims first",
    "benchmark/training/resume.py": "syncs what it wrote",
    "benchmark/training/resume_point.py": "weights.reading has weighed it; checks the sums of its entries",
    "datasets/fetching/unpack.py": "check_regular, and counts what comes out",
    "datasets/published/arrays.py": "open_regular; maps our own store",
    "datasets/published/urocell.py": "check_nifti",
    "datasets/synthetic/dataset.py": "open_regular; our own cache, hashed",
    "datasets/collection/prepared.py": "check_regular; our own cache",
    "reports/error_map.py": "pictures that reports/previews.py has looked at",
    "reports/overlay.py": "pictures that reports/previews.py has looked at",
    "reports/previews.py": "check_regular, and the sides that previews have",
    "reports/sections/panels.py": "pictures that reports/previews.py has looked at",
    "testing/source_tree.py": "read_regular",
    "testing/optimiser_checks.py": "what it has just saved itself",
    "testing/schedule_checks.py": "what it has just saved itself",
    "testing/section_checks.py": "what the section under test has written",
    "benchmark/executors/printing.py": "opens a log to write it",
    "benchmark/executors/asking.py": "opens nowhere to write to",
    "benchmark/sharing/bundling.py": "writes an archive",
    "benchmark/sharing/unbundling.py": "check_regular, and writes no more than is listed, weighed and hashed",
    "cli/terminal.py": "opens nowhere to write to",
    "testing/child.py": "opens a log to write it",
    "testing/isolation.py": "the log of its own child",
    "benchmark/trials/tracking.py": "opens a tracker, which is no file",
    "testing/dataset_bench.py": "opens a dataset, which is no file",
    "testing/pytest_face.py": "opens a dataset, which is no file",
    "benchmark/profiling": "what the system tells of itself below /proc and /sys",
    "benchmark/plugins/plugin_writing.py": "its own templates",
    "benchmark/plugins/provider_files.py": "what an installer wrote of installed distributions",
    "models/imagenet_files.py": "the source of an installed library",
}
"""Files that may call them, and why nothing unbounded comes in there."""


def called(node: ast.Call) -> str:
    """Return the dotted name of what is called, as far as it is names; calls before it are left out."""
    parts: list[str] = []
    one: ast.expr = node.func
    while isinstance(one, ast.Attribute):
        parts.append(one.attr)
        one = one.value
    if isinstance(one, ast.Name):
        parts.append(one.id)
    return ".".join(reversed(parts))


def writes(node: ast.Call, name: str) -> bool:
    """Tell whether an ``open`` says that it writes."""
    mode = node.args[1:2] if name == "open" else node.args[:1]
    texts = [value.value for value in (*mode, *(one.value for one in node.keywords if one.arg == "mode"))
             if isinstance(value, ast.Constant)]  # fmt: skip
    return any(isinstance(text, str) and WRITING & set(text) and len(text) <= 3 for text in texts)


def raw_readers(source: str) -> Iterator[tuple[int, str]]:
    """Give line and name of every call that reads a file without a guard."""
    nodes = list(ast.walk(ast.parse(source)))
    ours = {
        alias.asname or alias.name
        for node in nodes
        if isinstance(node, ast.ImportFrom) and node.level
        for alias in node.names
    }
    for node in nodes:
        if not isinstance(node, ast.Call):
            continue
        name = called(node)
        last = name.rpartition(".")[2]
        if name.partition(".")[0] in ours:  # this test has looked at those
            continue
        if name in OF_MODULES or (last in READERS and not (last == "open" and writes(node, name))):
            yield node.lineno, name


def allowed(path: str) -> bool:
    return any(path == place or path.startswith(f"{place}/") for place in GUARDING)


FILES: Final = sorted(
    path for package in PACKAGES for path in (ROOT / package).rglob("*.py") if "templates" not in path.parts
) + sorted(ROOT.glob("*.py"))


def test_files_are_opened_where_it_is_guarded() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}: {name}"
        for path in FILES
        if not allowed(path.relative_to(ROOT).as_posix())
        for line, name in raw_readers(path.read_text(encoding="utf-8"))
    ]
    assert not found, (
        "These open files by themselves. Go through benchmark/files (open_regular, read_regular, read_yaml, "
        f"read_json, read_parquet, open_tiff, ...), or guard and say so in GUARDING: {found}"
    )


@pytest.mark.parametrize("place", GUARDING)
def test_no_guarding_place_is_listed_in_vain(place: str) -> None:
    files = [path for path in FILES if path.relative_to(ROOT).as_posix().startswith(place)]
    assert any(list(raw_readers(path.read_text(encoding="utf-8"))) for path in files)


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("open(p)", ["open"]),
        ("p.open('rb')", ["p.open"]),
        ("(a / b).open()", ["open"]),
        ("open(p, 'w')\np.open(mode='xb')\np.open('w')", []),
        ("np.load(p)\ntorch.load(p)\nmine.load(p)", ["np.load", "torch.load"]),
        ("sitk.ReadImage(str(p))", ["sitk.ReadImage"]),
        ("from ..files.texts import read_json\nread_json(p)", []),
        ("json.loads(p.read_text())", ["json.loads", "p.read_text"]),
    ],
)
def test_what_counts_as_a_raw_reader(source: str, names: list[str]) -> None:
    assert [name for _, name in raw_readers(source)] == names
