"""Bundles from anybody: nothing but what is listed is written, and all of it or nothing."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import zipfile
from pathlib import Path

import pytest

TRIAL = "trials/" + "a" * 64
RECORD = f"{TRIAL}/record.json"


def listed(content: bytes) -> dict[str, object]:
    return {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}


def make(path: Path, files: dict[str, bytes], listing: object = None, **changes: object) -> Path:
    """Write a bundle; `listing` takes the place of the files that it lists, `changes` are of its list."""
    told = {
        "version": 1,
        "written_by": "somebody",
        "written": "2026-01-01",
        "trials": 1,
        "files": listing if listing is not None else {name: listed(files[name]) for name in files},
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bundle.json", json.dumps({**told, **changes}))
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def untouched(place: Path) -> None:
    assert not (place / "out").exists()
    assert [path for path in place.iterdir() if path.name.startswith(".writing")] == []


@pytest.mark.parametrize(
    "name",
    [
        "../evil.yaml",
        "/evil.yaml",
        "trials/../../evil",
        f"{TRIAL}/../../../evil",
        "C:/evil.yaml",
        "trials\\evil.yaml",
        "evil.py",
        "trials/short/record.json",
        f"{TRIAL}/a/b/c/d/e/f",
        f"{TRIAL}/./record.json",
        f"{TRIAL}//record.json",
        f"{TRIAL}/new\nline",
    ],
)
def test_a_name_that_no_bundle_gives(tmp_path, attack, refused, name):
    bundle = make(tmp_path / "b.zip", {RECORD: b"{}", name: b"evil"})
    refused(attack("unbundle", bundle, "--out", tmp_path / "out"), "is no file that it may hold")
    untouched(tmp_path)
    assert not Path("/evil.yaml").exists()


def test_what_is_not_listed_or_not_there_or_something_else(tmp_path, attack, refused):
    def tried(gist, bundle):
        refused(attack("unbundle", bundle, "--out", tmp_path / "out"), gist)
        untouched(tmp_path)

    good, record = {RECORD: b"{}"}, listed(b"{}")
    tried("may hold, each once", make(tmp_path / "1.zip", good, {}))
    tried(
        "which it does not hold",
        make(tmp_path / "2.zip", good, {RECORD: record, "x.yaml": record}),
    )
    tried(
        "not as many as it lists",
        make(tmp_path / "3.zip", good, {RECORD: {**record, "bytes": 3}}),
    )
    tried("is not what it lists", make(tmp_path / "4.zip", good, {RECORD: listed(b"[]")}))
    tried("of version 2", make(tmp_path / "5.zip", good, version=2))
    tried("greater than or equal to 1", make(tmp_path / "6.zip", good, trials=0))
    tried("there is no such key", make(tmp_path / "7.zip", good, more=1))
    with zipfile.ZipFile(tmp_path / "8.zip", "w") as archive:
        archive.writestr(RECORD, "{}")
    tried("it is no bundle", tmp_path / "8.zip")
    (tmp_path / "9.zip").write_bytes((tmp_path / "1.zip").read_bytes()[:-30])
    tried("cannot be read", tmp_path / "9.zip")
    (tmp_path / "10.zip").write_bytes(b"no archive")
    tried("cannot be read", tmp_path / "10.zip")


def test_links_and_members_that_stand_there_twice(tmp_path, attack, refused):
    bundle = make(tmp_path / "a.zip", {RECORD: b"{}"})
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(bundle, "a") as archive:
        archive.writestr(RECORD, "{}")
    refused(attack("unbundle", bundle, "--out", tmp_path / "out"), "each once")
    link = zipfile.ZipInfo(RECORD)
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    bundle = make(tmp_path / "b.zip", {}, {RECORD: listed(b"/etc/passwd")})
    with zipfile.ZipFile(bundle, "a") as archive:
        archive.writestr(link, "/etc/passwd")
    refused(attack("unbundle", bundle, "--out", tmp_path / "out"), "is no file that it may hold")
    untouched(tmp_path)


def test_bombs(tmp_path, attack, refused):
    zeros = bytes(64 << 20)
    bundle = make(tmp_path / "a.zip", {RECORD: zeros}, {RECORD: {**listed(b""), "bytes": 10 << 40}})
    refused(attack("unbundle", bundle, "--out", tmp_path / "out"), "not as many as it lists")
    deep = "[" * 100_000
    with zipfile.ZipFile(tmp_path / "b.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bundle.json", deep)
    refused(attack("unbundle", tmp_path / "b.zip", "--out", tmp_path / "out"), "bundle.json of")
    untouched(tmp_path)


@pytest.mark.parametrize("verb", ["unbundle", "verify", "merge"])
def test_what_is_no_file(tmp_path, attack, refused, verb):
    os.mkfifo(tmp_path / "pipe.zip")
    more = () if verb == "verify" else ("--out", tmp_path / "out")
    refused(attack(verb, tmp_path / "pipe.zip", *more), "named pipe")
    refused(attack(verb, "/dev/zero", *more), "a device")
    refused(attack(verb, tmp_path / "nothing.zip", *more), "no such file")
    untouched(tmp_path)


def test_results_that_are_not_what_a_trial_writes_are_opened_and_told(tmp_path, attack, refused):
    bundle = make(tmp_path / "b.zip", {RECORD: b'{"version": 1}'})
    ended = attack("verify", bundle)
    refused(ended, "as written", code=1)
    assert ended.left == ()
