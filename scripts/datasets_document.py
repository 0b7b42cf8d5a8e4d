"""The published datasets as docs/datasets.md has them: written from their cards and from what readers say.

python scripts/datasets_document.py            # just look
python scripts/datasets_document.py --write    # into docs/datasets.md, between its markers
"""

from __future__ import annotations

import argparse
import inspect
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from emseg_bench.benchmark.contracts.cards import DatasetCard
from emseg_bench.benchmark.contracts.published import RemoteFile
from emseg_bench.datasets.published.adapter import Published
from emseg_bench.datasets.published.cards import MODULES
from emseg_bench.datasets.published.splitting import SingleSplits

DOCUMENT = Path(__file__).parents[1] / "docs/datasets.md"
BEGIN, END = "<!-- datasets_document: begin -->\n", "<!-- datasets_document: end -->\n"


def lines() -> Iterator[str]:
    """Yield what stands between the markers: a table of all datasets, and a section for each module."""
    yield "| dataset | classes | voxels, z × y × x (nm) | published as | splits | licence |"
    yield "|---|---|---|---|---|---|"
    yield from (row(card) for module in MODULES for card in module.CARDS)
    for module in MODULES:
        yield ""
        yield from section(module)


def row(card: DatasetCard) -> str:
    """Write a dataset's row."""
    cells = (f"`{card.name}`", classes(card), voxels(card), amount(card), splits(card), card.licence)
    return f"| {' | '.join(cells)} |"


def section(module: ModuleType) -> Iterator[str]:
    """Yield what is to be known of a module's datasets."""
    title, _, text = (inspect.getdoc(module) or "").partition("\n")
    yield f"## {title.removesuffix('.')}"
    yield from ["", *text.strip().replace("``", "`").splitlines()]
    for card in module.CARDS:
        yield ""
        yield from facts(card)


def facts(card: DatasetCard) -> Iterator[str]:
    """Yield a dataset's facts, one a line."""
    yield f"**`{card.name}`**: {card.description}."
    yield ""
    if card.page:
        yield f"- page: <{card.page}>"
    yield from (f"- file: {published(file)}" for file in card.files)
    if card.derived_from:
        yield f"- made of: {', '.join(f'`{name}`' for name in card.derived_from)}"
    yield f"- scored: {scored(card)}"
    yield from (f"- used: {sentence}" for sentence in card.used_in)
    yield f"- cite: {card.citation}"


def classes(card: DatasetCard) -> str:
    """Name the classes but the background."""
    return ", ".join(card.classes[1:]) if card.classes else "–"


def voxels(card: DatasetCard) -> str:
    """Write the size of voxels."""
    return " × ".join(f"{side:g}" for side in card.voxel_size_nm) if card.voxel_size_nm else "not known"


def amount(card: DatasetCard) -> str:
    """Say how many files there are, and how large they are as far as that is known."""
    if card.derived_from:
        return f"{len(card.derived_from)} other datasets"
    count = f"{len(card.files)} file{'s' * (len(card.files) > 1)}"
    sizes = [file.megabytes for file in card.files if file.megabytes]
    if not sizes:
        return count
    least = "" if len(sizes) == len(card.files) else "more than "
    total = sum(sizes)
    return f"{count}, {least}{f'{total / 1000:.1f} GB' if total >= 1000 else f'{total:.0f} MB'}"


def splits(card: DatasetCard) -> str:
    """Say how it is divided."""
    if not isinstance(card.factory, Published):
        return "none, no labels"
    if isinstance(card.factory.splits, SingleSplits):
        return "blocks"
    named = [name for name in card.factory.splits.others if name != "official"]
    return "as published" + "".join(f", or `split={name}`" for name in named)


def scored(card: DatasetCard) -> str:
    """Say what is a test case, and what counts in it."""
    factory = card.factory
    if not isinstance(factory, Published):
        return "nothing"
    rules = factory.rules
    words = [f"{rules.scored}, segmented along z, y and x" if rules.axes == "orthoplane" else rules.scored]
    if card.derived_from:
        words = ["what each of the others has as test cases"]
    if rules.scored_classes is not None:
        words.append("only " + ", ".join(rules.class_names[label] for label in rules.scored_classes))
    if rules.mask_by_truth:
        words.append("only where something is annotated")
    return "; ".join([*words, card.ignore_rule])


def published(file: RemoteFile) -> str:
    """Say what is known of a file."""
    size = f", about {file.megabytes:,.0f} MB" if file.megabytes else ""
    known = "SHA-256" if file.sha256 else "MD5" if file.md5 else "no checksum"
    address = "" if file.url else ", no address that a program may use"
    note = f". {file.note}" if file.note else ""
    return f"`{file.name}`{size}; {known} published{address}{note}"


def written(document: str) -> str:
    """Put the lines between a document's markers, in the place of what stood there.

    Raises:
        SystemExit: It has no markers.
    """
    before, _, rest = document.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not end:
        raise SystemExit(f"{DOCUMENT} has no lines {BEGIN.strip()!r} and {END.strip()!r}")
    return before + BEGIN + "\n".join([*lines(), ""]) + END + after


def main() -> None:
    """Print the lines, or write them into the document."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--write", action="store_true", help=f"put them into docs/{DOCUMENT.name}")
    if parser.parse_args().write:
        DOCUMENT.write_text(written(DOCUMENT.read_text()))
    else:
        print("\n".join(lines()))


if __name__ == "__main__":
    main()
