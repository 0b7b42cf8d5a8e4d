"""What is wrong with the cards of published datasets is found before anything trusts them."""

from __future__ import annotations

import pytest
from emseg_bench.benchmark.contracts.cards import DatasetCard
from emseg_bench.benchmark.contracts.published import RemoteFile
from emseg_bench.benchmark.plugins.card_faults import card_fault
from emseg_bench.datasets.published.adapter import published_card
from emseg_bench.datasets.published.cards import PUBLIC
from emseg_bench.datasets.published.rules import Rules
from emseg_bench.datasets.published.splitting import SingleSplits


def card(*names: str, **more: object) -> DatasetCard:
    files = tuple(RemoteFile(name=name, url=None) for name in names)
    given = {"files": files, "convert": "m:convert", "factory": "m:factory", **more}
    return DatasetCard(name="x", description="d", citation="c", licence="l", **given)


def test_a_good_card_has_no_fault():
    assert card_fault(card("a.zip", "B 2.tif"), DatasetCard) == ""


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (card("a", "a"), "each its own"),
        (card("../a"), "expected plain file names"),
        (card(".a"), "expected plain file names"),
        (card("c:\\a"), "expected plain file names"),
        (card(""), "expected plain file names"),
        (card(files=("a.zip",)), "expected a tuple of at least one RemoteFile"),
        (card(derived_from=("y",), convert=None), "has no conversion"),
    ],
)
def test_a_bad_card_is_refused(bad, words):
    assert words in card_fault(bad, DatasetCard)


@pytest.mark.parametrize("name", [card.name for card in PUBLIC])
def test_our_own_cards_are_sound(name):
    (own,) = (card for card in PUBLIC if card.name == name)
    assert card_fault(own, DatasetCard) == ""
    for file in own.files:
        assert file.url is None or file.url.startswith(("http://", "https://"))
        assert file.sha256 is None or len(file.sha256) == 64
        assert file.md5 is None or len(file.md5) == 32


def test_card_and_factory_of_a_published_dataset_speak_of_the_same_arrays():
    rules = Rules(class_names=("background", "thing"), voxel_size_nm=(50, 5, 5), scored="volumes")
    own = published_card(
        "x", rules, SingleSplits(), description="d", convert="m:convert", version=2, citation="c", licence="l"
    )
    assert (own.factory.name, own.factory.version) == (own.name, own.version) == ("x", 2)
    assert (own.dimension, own.classes, own.voxel_size_nm) == ("3d", rules.class_names, (50, 5, 5))


def test_sizes_are_added_up_where_all_are_known():
    def sized(*sizes: float | None) -> DatasetCard:
        files = [RemoteFile(name=str(k), url=None, megabytes=size) for k, size in enumerate(sizes)]
        return card(files=tuple(files))

    assert sized(1.4, 2.4).megabytes == 4
    assert sized(1.4, None).megabytes is None
    assert card().megabytes is None
