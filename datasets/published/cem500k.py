"""CEM500K and CEM1.5M: patches of images from a hundred projects, without labels, to pre-train on.

What to know of the files:

- Patches are 8-bit TIFF files of 224 x 224 px; those from the edges of images are smaller, 112 to 224 px a
  side, and not square.  They are used as they are unpacked.
- EMPIAR keeps them as folders.  How their files are called inside was not verified: every PNG or TIFF file,
  at whatever depth, is taken.
- About 5 % of CEM500K come from the images (not the labels) of the six benchmarks that it was tested on:
  CREMI, Guay, Kasthuri++, Lucchi++, Perez and UroCell.  Say so beside scores on them.
- Some pages give EMPIAR-10592 as the address of both.  It is CEM500K; CEM1.5M is EMPIAR-11035.
"""

from __future__ import annotations

from ...benchmark.contracts.cards import DatasetCard
from ...benchmark.contracts.published import RemoteFile
from .adapter import Unlabelled

HOW = (
    "EMPIAR offers folders over HTTPS, FTP and Aspera: fetch what is in the entry's folder data and give it "
    "to 'emseg-bench pretrain --images', or pack it and import the archive."
)

CEM500K = DatasetCard(
    name="cem500k",
    description="about 500,000 unlabelled patches of cellular EM, to pre-train on",
    factory=Unlabelled("cem500k"),
    page="https://www.ebi.ac.uk/empiar/EMPIAR-10592/",
    files=(RemoteFile(name="cem500k.zip", url=None, megabytes=25_000, note=HOW),),
    used_in=(
        "CEM500K (Conrad & Narayan 2021): ResNet50, MoCo v2; weights at https://zenodo.org/record/6453140.",
        "RETINA (Xing, Xie & Bader 2025): reconstruction; recipe retina-2025 of emseg-bench pretrain.",
    ),
    citation="R. Conrad, K. Narayan, CEM500K, a large-scale heterogeneous unlabeled cellular electron "
    "microscopy image dataset for deep learning, eLife 10:e65894, 2021",
    licence="CC0",
)

CEM1_5M = DatasetCard(
    name="cem1.5m",
    description="about 1.6 million unlabelled patches of cellular EM, to pre-train on",
    factory=Unlabelled("cem1.5m"),
    page="https://www.ebi.ac.uk/empiar/EMPIAR-11035/",
    files=(RemoteFile(name="cem1.5m.zip", url=None, note=HOW),),
    used_in=("Its authors' weights: ResNet50, SwAV, https://zenodo.org/record/6453160.",),
    citation="R. Conrad, K. Narayan, Cell Systems 14:58, 2023, doi 10.1016/j.cels.2022.12.006",
    licence="CC0",
)

CARDS = (CEM500K, CEM1_5M)
