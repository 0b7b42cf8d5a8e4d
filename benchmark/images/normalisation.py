"""Which mean and standard deviation a trial's images are normalised with; without torch, for planning too."""

from __future__ import annotations

from ..contracts.data import Manifest, Normalisation
from ..contracts.errors import UsageError
from ..contracts.records import ModelSpec
from ..contracts.settings import Recipe


def settle_normalisation(recipe: Recipe, model: ModelSpec, manifest: Manifest) -> Normalisation:
    """Say what images are normalised with; one value serves all channels.

    Args:
        recipe: Asks for the training split's, the initial weights' or given numbers.
        model: Knows what its weight file says; a model that starts from scratch takes the training split's.
        manifest: Of the images.

    Raises:
        UsageError: The weight file does not say, or there are several values, but not one per channel.
    """
    wanted, whose = recipe.normalisation, "recipe.normalisation"
    if wanted == "weights" and model.weights_path:
        if model.normalisation is None:
            raise UsageError(
                f"recipe.normalisation is 'weights', but {model.weights_path} does not say what it was "
                f"trained with; {_REMEDY}"
            )
        wanted, whose = model.normalisation, model.weights_path
    if not isinstance(wanted, Normalisation):
        return Normalisation(mean=manifest.mean, std=manifest.std)
    return Normalisation(
        mean=_per_channel(wanted.mean, manifest, whose), std=_per_channel(wanted.std, manifest, whose)
    )


_REMEDY = "give numbers: --set 'recipe.normalisation={mean: [0.5], std: [0.1]}'."


def _per_channel(values: tuple[float, ...], manifest: Manifest, whose: str) -> tuple[float, ...]:
    if len(values) not in (1, manifest.channels):
        raise UsageError(
            f"{whose} normalises {len(values)} channels, and the images of {manifest.dataset} have "
            f"{manifest.channels}; {_REMEDY}"
        )
    return values * manifest.channels if len(values) == 1 else values
