"""From a name to arrays on this machine: bring the files, unpack them, convert them once."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ...benchmark.contracts.cards import DatasetCard
from ...benchmark.contracts.errors import DataUnavailableError, EmsegError, UsageError
from ...benchmark.plugins.lazy import resolve
from ...benchmark.plugins.registry import Catalogue, Offer
from ...benchmark.plugins.strangers import blaming
from .bringing import Bringer, addresses, match_archives
from .presence import is_here
from .records import FileRecord, expected, read_records
from .sources import FetchedFiles, OwnFolder
from .store import DataStore
from .telling import Teller


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What was asked for beside the name."""

    archives: tuple[Path, ...] = ()
    """Files that people have, or one folder with what was in them."""
    mirrors: tuple[str, ...] = ()
    """See `bringing.addresses`."""
    offline: bool = False
    """Whether nothing may be downloaded."""


@dataclass(frozen=True, slots=True)
class Fetcher:
    """Fetches datasets into a store."""

    catalogue: Catalogue
    store: DataStore
    teller: Teller

    def fetch(self, name: str, wishes: Wishes | None = None) -> bool:
        """Make a dataset ready for use; whoever comes second waits, and finds it done.

        Args:
            name: Of its card.
            wishes: None: from where it is published.

        Returns:
            Whether anything had to be done.

        Raises:
            UnknownNameError: There is no such dataset.
            UsageError: It is none that is fetched, or a wish makes no sense for it.
            DataError: A file cannot be had, is another one than expected, or cannot be converted.
        """
        wishes = wishes or Wishes()
        offer = self.catalogue.find(self.catalogue.datasets, name)
        card: DatasetCard = offer.card
        check_published(card)
        with self._locked(card):
            if is_here(card, self.store):
                return False
            for other in card.derived_from:
                self._fetch_other(other, card.name, wishes)
            known = read_records(self.store.records(card.name))
            sources = self._sources(card, wishes)
            try:
                if card.convert is None:
                    for file in card.files:
                        sources.path(file.name)
                else:
                    self._convert(offer, sources)
            except EmsegError:
                self._drop_refused(card, known)
                raise
            return True

    def _drop_refused(self, card: DatasetCard, known: Mapping[str, FileRecord]) -> None:
        """Forget files that have just come and are not what was meant: no checksum vouches for them."""
        bringer = Bringer(card, self.store, self.teller)
        for file in card.files:
            if file.name not in known and not expected(file, None) and bringer.has(file):
                bringer.forget(file)

    def _fetch_other(self, name: str, derived: str, wishes: Wishes) -> None:
        """Fetch a dataset that another is made of."""
        card = self.catalogue.find(self.catalogue.datasets, name).card
        if wishes.offline and not is_here(card, self.store):
            raise DataUnavailableError(
                f"{derived} is made of {name}, which is not on this machine; import or fetch that first."
            )
        self.fetch(name)

    def _sources(self, card: DatasetCard, wishes: Wishes) -> FetchedFiles | OwnFolder:
        if folders := [archive for archive in wishes.archives if archive.is_dir()]:
            return self._own_folder(card, folders[0], wishes)
        self._bring(card, wishes)
        return FetchedFiles(card, self.catalogue, self.store, self.teller)

    def _own_folder(self, card: DatasetCard, folder: Path, wishes: Wishes) -> OwnFolder:
        if len(wishes.archives) > 1:
            raise UsageError(f"{folder} is a folder; it has to hold all of {card.name}, and be named alone.")
        if card.convert is None:
            raise UsageError(
                f"{card.name} is used as it is unpacked, so nothing is to be imported: "
                f"{shlex.join(['emseg-bench', 'pretrain', '--images', str(folder)])} reads the folder "
                "where it is."
            )
        return OwnFolder(card, self.catalogue, self.store, folder.resolve())

    def _bring(self, card: DatasetCard, wishes: Wishes) -> None:
        """Bring those files of a card that are not here yet, and those that were given."""
        bringer = Bringer(card, self.store, self.teller)
        given, urls = match_archives(card, wishes.archives), addresses(card, wishes.mirrors)
        todo = [file for file in card.files if file.name in given or not bringer.has(file)]
        missing = [file.name for file in todo if file.name not in given]
        if wishes.offline and missing:
            raise DataUnavailableError(
                f"{card.name} needs {', '.join(missing)} too; name every file with an --archive of its own, "
                f"or run 'emseg-bench data fetch {card.name} --archive ...' to download the rest."
            )
        for file in todo:
            if file.name in given:
                bringer.copy(file, given[file.name])
            elif not bringer.share(file, self.catalogue.datasets):
                bringer.fetch(file, urls[file.name])

    def _convert(self, offer: Offer[DatasetCard], sources: FetchedFiles | OwnFolder) -> None:
        card = offer.card
        convert = resolve(card.convert, offer)
        with (
            self.teller.transfer(card.name, "converted") as meter,
            self.store.new_arrays(card.name, card.version, sources.records(), meter) as writer,
            blaming(offer, "converting its files"),
        ):
            convert(sources, writer)
            meter.close()
        sources.clean()

    @contextmanager
    def _locked(self, card: DatasetCard) -> Iterator[None]:
        """Hold a dataset's lock; say so where another process has it."""
        text = f"waiting for another process that works on {card.name}"
        with self.store.lock(card.name, lambda: self.teller.say(text)):
            yield


def check_published(card: DatasetCard) -> None:
    """Refuse a dataset that nothing is fetched for.

    Raises:
        UsageError: It is drawn, or lies where its owner has it.
    """
    if not card.files and not card.derived_from:
        raise UsageError(
            f"the dataset {card.name!r} is not made of published files: there is nothing to fetch."
        )
