"""The vision transformer of RETINA's TransUNet: pre-norm blocks over the stem's feature map.

After Dosovitskiy et al. 2021 (arXiv:2010.11929); no class token, separate query, key and value.
"""

from __future__ import annotations

from math import isqrt

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .config import TransUNetConfig
from .resnet import OUT_CHANNELS, ResNetStem, StemFeatures

NORM_EPS = 1e-6
DROPOUT = 0.1
"""Of the embeddings and after both MLP layers; attention has none."""


def resize_positions(positions: Tensor, height: int, width: int) -> Tensor:
    """Resample position embeddings to another token grid.

    Args:
        positions: (1, g * g, D), row by row.
        height: Rows of tokens wanted.
        width: Columns of tokens wanted.

    Returns:
        (1, height * width, D): `positions` itself if the grid is the same, else bicubic
        interpolation with antialiasing (as timm does for vision transformers).
    """
    grid = isqrt(positions.shape[1])
    if not torch.compiler.is_exporting() and (height, width) == (grid, grid):
        return positions
    maps = positions.reshape(1, grid, grid, -1).permute(0, 3, 1, 2)
    maps = F.interpolate(maps.float(), size=(height, width), mode="bicubic", antialias=True)
    return maps.flatten(2).transpose(1, 2).to(positions.dtype)


class Embeddings(nn.Module):
    """Image to tokens: stem, 1x1 projection to the hidden width, position embeddings, dropout."""

    def __init__(self, config: TransUNetConfig) -> None:
        super().__init__()
        self.hybrid_model = ResNetStem()
        self.patch_embeddings = nn.Conv2d(OUT_CHANNELS, config.hidden, kernel_size=1)
        self.position_embeddings = nn.Parameter(torch.zeros(1, config.grid**2, config.hidden))
        self.dropout = nn.Dropout(DROPOUT)

    def forward(self, x: Tensor) -> tuple[Tensor, StemFeatures]:
        """Map (N, 1 or 3, H, W) to tokens (N, H * W / 256, hidden), row by row, and the stem's features."""
        features: StemFeatures = self.hybrid_model(x)
        height, width = features.trunk.shape[-2:]
        tokens = self.patch_embeddings(features.trunk).flatten(2).transpose(1, 2)
        tokens = tokens + resize_positions(self.position_embeddings, height, width)
        return self.dropout(tokens), features


class Attention(nn.Module):
    """Multi-head self-attention with separate projections, scaled by 1 / sqrt(head width)."""

    def __init__(self, config: TransUNetConfig) -> None:
        super().__init__()
        self.heads = config.heads
        self.query = nn.Linear(config.hidden, config.hidden)
        self.key = nn.Linear(config.hidden, config.hidden)
        self.value = nn.Linear(config.hidden, config.hidden)
        self.out = nn.Linear(config.hidden, config.hidden)

    def _split(self, x: Tensor) -> Tensor:
        batch, tokens, hidden = x.shape
        return x.view(batch, tokens, self.heads, hidden // self.heads).transpose(1, 2)

    def forward(self, x: Tensor) -> Tensor:
        """Map tokens (N, T, hidden) to (N, T, hidden)."""
        query, key, value = (self._split(project(x)) for project in (self.query, self.key, self.value))
        mixed = F.scaled_dot_product_attention(query, key, value)
        out: Tensor = self.out(mixed.transpose(1, 2).flatten(2))
        return out


class FeedForward(nn.Module):
    """The MLP of a block: exact GELU, Xavier weights, biases near zero."""

    def __init__(self, config: TransUNetConfig) -> None:
        super().__init__()
        self.fc1 = nn.Linear(config.hidden, config.mlp)
        self.fc2 = nn.Linear(config.mlp, config.hidden)
        self.dropout = nn.Dropout(DROPOUT)
        for layer in (self.fc1, self.fc2):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.normal_(layer.bias, std=1e-6)

    def forward(self, x: Tensor) -> Tensor:
        """Map tokens (N, T, hidden) to (N, T, hidden)."""
        x = self.dropout(F.gelu(self.fc1(x)))
        out: Tensor = self.dropout(self.fc2(x))
        return out


class Block(nn.Module):
    """Pre-norm transformer block."""

    def __init__(self, config: TransUNetConfig) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(config.hidden, eps=NORM_EPS)
        self.ffn_norm = nn.LayerNorm(config.hidden, eps=NORM_EPS)
        self.ffn = FeedForward(config)
        self.attn = Attention(config)

    def forward(self, x: Tensor) -> Tensor:
        """Map tokens (N, T, hidden) to (N, T, hidden)."""
        x = x + self.attn(self.attention_norm(x))
        out: Tensor = x + self.ffn(self.ffn_norm(x))
        return out


class Encoder(nn.Module):
    """The blocks and a last LayerNorm."""

    def __init__(self, config: TransUNetConfig) -> None:
        super().__init__()
        self.layer = nn.ModuleList(Block(config) for _ in range(config.layers))
        self.encoder_norm = nn.LayerNorm(config.hidden, eps=NORM_EPS)

    def forward(self, x: Tensor) -> Tensor:
        """Map tokens (N, T, hidden) to (N, T, hidden)."""
        for block in self.layer:
            x = block(x)
        out: Tensor = self.encoder_norm(x)
        return out


class Transformer(nn.Module):
    """Embeddings and encoder under the names that published weight files use."""

    def __init__(self, config: TransUNetConfig) -> None:
        super().__init__()
        self.embeddings = Embeddings(config)
        self.encoder = Encoder(config)

    def forward(self, x: Tensor) -> tuple[Tensor, tuple[Tensor, Tensor, Tensor]]:
        """Map (N, 1 or 3, H, W) to (N, hidden, H / 16, W / 16) and the skip connections, deepest first."""
        tokens, features = self.embeddings(x)
        maps = self.encoder(tokens).transpose(1, 2).unflatten(2, features.trunk.shape[-2:])
        return maps, features.skips
