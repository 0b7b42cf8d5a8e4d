"""``emseg-bench data info``: everything that is known of a dataset."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import typer

from .cells import cell


def info(
    dataset: Annotated[
        str, typer.Argument(help="NAME, NAME[OPTION=VALUE,...] or NAME:PATH.", metavar="DATASET")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for machines.")] = False,
) -> None:
    """Show a dataset: classes, licence, files and checksums, what is here, and its splits once it is."""
    from ..benchmark.plugins.dataset_lookup import find_dataset
    from ..benchmark.plugins.loading import load_plugins
    from ..datasets.fetching.description import Describer
    from ..datasets.fetching.store import DataStore
    from .json_output import json_stream

    with json_stream(as_json) as stream:
        catalogue = load_plugins().catalogue
        reference, _ = find_dataset(dataset, catalogue)
        data = Describer(catalogue, DataStore.here()).describe(reference)
    if stream:
        stream.write(json.dumps(data, indent=2) + "\n")
        return
    for line in _lines(data):
        typer.echo(line)


def _lines(data: Mapping[str, Any]) -> Iterator[str]:
    """Write a line for each fact; lists of sentences and files below their names."""
    for key, value in data.items():
        name = key.replace("_", " ").replace("sha256", "SHA-256")
        if key in ("files", "used_in", "notes"):
            yield from ([f"{name}:", *(f"  {line}" for line in _items(value))] if value else [])
        elif isinstance(value, Mapping):
            yield f"{name}: " + (
                ", ".join(f"{what} {cell(one)}" for what, one in value.items()) or cell(None)
            )
        else:
            yield f"{name}: {cell(value)}"


def _items(values: list[Any]) -> Iterator[str]:
    for value in values:
        yield from _file(value) if isinstance(value, Mapping) else [value]


def _file(file: Mapping[str, Any]) -> Iterator[str]:
    """Write what is known of a published file."""
    size = f", about {cell(file['megabytes'])} MB" if file["megabytes"] else ""
    yield f"{file['name']}{size}: {file['url'] or 'no address that a program may use'}"
    if file["note"]:
        yield f"  {file['note']}"
    for key, word in (("sha256", "SHA-256 published"), ("md5", "MD5 published")):
        if file[key]:
            yield f"  {word}: {file[key]}"
    if file["sha256_on_record"]:
        yield f"  SHA-256 on record: {file['sha256_on_record']}, from {file['came_from']}"
    yield f"  here: {file['here'] or 'no'}"
