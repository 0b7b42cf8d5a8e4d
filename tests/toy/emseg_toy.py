"""A third-party plugin for tests: a tiny model, models that fail in every way, and a tiny dataset."""

from dataclasses import dataclass, replace

from emseg_bench import hookimpl
from emseg_bench.plugin import (
    SCRATCH,
    AugmentationCard,
    DatasetCard,
    DecoderCard,
    ExecutorCard,
    ExtraOutput,
    Initialisation,
    LossCard,
    ModelCard,
    OptimiserCard,
    PostProcessingCard,
    ProtocolCard,
    Recipe,
    RecipeCard,
    ScheduleCard,
    ScoringProtocol,
)

BROUGHT = Recipe(name="as-in-its-paper", iterations=2, batch_size=1, crop=32, validations=1, precision="fp32")


@dataclass(frozen=True)
class Slow:
    share: float = 0.0


@dataclass(frozen=True)
class Cluster:
    node: str = "n1"
    hours: float = 4.0


@dataclass(frozen=True)
class Grey:
    level: int = 100


@dataclass(frozen=True)
class Wrong:
    gives: str = "objects"


@dataclass(frozen=True)
class LossOptions:
    gamma: float = 2.0


def _model(name, factory, **more):
    return ModelCard(
        name=name,
        family="cnn",
        description="for tests",
        factory=f"emseg_toy_parts:{factory}",
        citation="none",
        licence="MIT",
        **more,
    )


@hookimpl
def emseg_models():
    return [
        _model("toy", "toy", size_divisor=4, backbone=("0.", "1.")),
        _model(
            "toy-begun",
            "begun",
            backbone=("encoder.",),
            initialisations=(
                SCRATCH,
                Initialisation(name="published", description="for tests", source="emseg_toy_parts:published"),
                Initialisation(name="file", description="a file", source="emseg_toy_parts:whole_file"),
            ),
        ),
        _model("toy-nan", "nan"),
        _model("toy-nan-tested", "nan_when_tested"),
        _model("toy-raises", "raises"),
        _model("toy-killed", "killed"),
        _model("toy-sleeps", "sleeps"),
        _model("toy-waits", "waits"),
        _model("toy-shape", "wrong_shape"),
        _model("toy-children", "has_children"),
        _model("toy-unbuildable", "unbuildable"),
        _model("toy-plain", "plain", encoder="0", backbone=("0.",)),
        _model("toy-normed", "normed"),
        _model(
            "toy-linked",
            "linked",
            extra_outputs=(ExtraOutput(kind="boundary"), ExtraOutput(kind="distance", is_logit=False)),
            decoder="boundary-watershed[threshold=0.6]",
        ),
        _model("toy-deep", "deep"),
        _model("toy-pooled", "pooled"),
        _model("toy-wide", "wide", size_divisor=4),
        _model("toy-own", "plain", recipe="toy-training"),
        _model("toy-brought", "plain", recipe=BROUGHT),
        _model("toy-unfit", "plain", recipe=replace(BROUGHT, name="three-classes", class_weights=(1, 1, 1))),
    ]


@hookimpl
def emseg_datasets():
    return [
        DatasetCard(
            name="toy-data",
            description="disks on noise",
            factory="emseg_toy_parts:ToyData",
            citation="none",
            licence="MIT",
        ),
        _volumes("toy-volumes", "ToyVolumes", "balls on noise; slices train, volumes are tested on"),
        _volumes("toy-partly", "ToyPartly", "the same, annotated in part, with a class that is not scored"),
    ]


def _volumes(name, factory, description):
    return DatasetCard(
        name=name,
        description=description,
        factory=f"emseg_toy_parts:{factory}",
        dimension="3d",
        citation="none",
        licence="MIT",
    )


@hookimpl
def emseg_recipes():
    recipe = Recipe(
        name="toy-training",
        iterations=3,
        batch_size=2,
        crop=32,
        warmup=0.0,
        loss="toy-loss[gamma=3]",
        schedule="toy-steps",
        validations=1,
        precision="fp32",
    )
    return [RecipeCard(name=recipe.name, description="for tests", recipe=recipe)]


@hookimpl
def emseg_losses():
    return [
        LossCard(
            name=name,
            description="for tests",
            factory=f"emseg_toy_parts:{factory}",
            options=LossOptions if name == "toy-loss" else None,
            shown={"foreground": "emseg_toy_parts:Foreground"} if name == "toy-loss" else {},
        )
        for name, factory in (
            ("toy-loss", "ToyLoss"),
            ("toy-loss-raises", "raises_as_loss"),
            ("toy-loss-number", "no_module"),
            ("toy-loss-map", "MapLoss"),
        )
    ]


@hookimpl
def emseg_schedules():
    return [
        ScheduleCard(
            name="toy-steps", description="for tests", factory="emseg_toy_parts:toy_steps", warmup=False
        ),
        ScheduleCard(name="toy-no-schedule", description="for tests", factory="emseg_toy_parts:no_module"),
    ]


@hookimpl
def emseg_optimisers():
    return [
        OptimiserCard(
            name="toy-slow", description="for tests", factory="emseg_toy_parts:toy_slow", options=Slow
        ),
        OptimiserCard(name="toy-no-optimiser", description="for tests", factory="emseg_toy_parts:no_module"),
    ]


@hookimpl
def emseg_augmentations():
    return [
        AugmentationCard(
            name=name,
            description="for tests",
            factory=f"emseg_toy_parts:{factory}",
            options=Grey if name == "toy-grey" else None,
        )
        for name, factory in (("toy-grey", "toy_grey"), ("toy-small", "too_small"), ("toy-torn", "torn"))
    ]


@hookimpl
def emseg_protocols():
    protocol = ScoringProtocol(name="toy-scoring", overlap=0.0, metrics=("dice",), primary="dice")
    return [ProtocolCard(name=protocol.name, description="for tests", protocol=protocol)]


@hookimpl
def emseg_postprocessing():
    return [
        PostProcessingCard(name=name, description="for tests", factory=f"emseg_toy_parts:{factory}")
        for name, factory in (("toy-all", "all_foreground"), ("toy-floats", "floats"))
    ]


@hookimpl
def emseg_decoders():
    halves = DecoderCard(
        name="toy-halves",
        description="for tests",
        factory="emseg_toy_parts:halves",
        options=Wrong,
        needs=("probabilities",),
        citation="none",
    )
    sized = DecoderCard(
        name="toy-sized", description="for tests", factory="emseg_toy_parts:sized", needs=("voxel size",)
    )
    return [halves, sized]


@hookimpl
def emseg_executors():
    return [
        ExecutorCard(
            name="toy-cluster",
            description="pretends to be other machines",
            factory="emseg_toy_parts:ToyCluster",
            options=Cluster,
            elsewhere=True,
        )
    ]
