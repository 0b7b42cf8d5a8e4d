"""Which settings decide whether a trial is good: PED-ANOVA.

Watanabe et al. 2023, doi 10.24963/ijcai.2023/488.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ...benchmark.contracts.searching import Choice, FloatRange, Parameter
from ...benchmark.contracts.studies import Study, Tried
from .schema import Importance

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

FEWEST: Final = 20
"""Complete trials, below which shares are chance."""
TOP: Final = 0.25
"""Share of the trials that count as good: 5 of the fewest, which is what the method asks for."""


def importance(study: Study) -> tuple[tuple[Importance, ...], str]:
    """Give the share of each setting that all trials have, or say why there is none."""
    complete = [one for one in study.tried if one.state == "complete"]
    if len(complete) < FEWEST:
        return (), f"{len(complete)} complete trials, expected at least {FEWEST}"
    if len({one.values[0] for one in complete}) == 1:
        return (), "all trials have one score"
    shares = _shares(study, complete)
    return tuple(Importance(setting=key, share=share) for key, share in shares.items()), ""


def _shares(study: Study, complete: list[Tried]) -> dict[str, float]:
    import optuna
    from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances

    chatty = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        known = optuna.create_study(direction="maximize" if study.goals[0].higher else "minimize")
        for one in complete:
            known.add_trial(
                optuna.trial.create_trial(
                    params=dict(one.setting),
                    distributions={key: _distribution(study.space[key]) for key in one.setting},
                    value=one.values[0],
                )
            )
        evaluator = PedAnovaImportanceEvaluator(target_quantile=TOP)
        return dict(get_param_importances(known, evaluator=evaluator))
    finally:
        optuna.logging.set_verbosity(chatty)


def _distribution(parameter: Parameter) -> BaseDistribution:
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if isinstance(parameter, Choice):
        return CategoricalDistribution(parameter.choices)
    if isinstance(parameter, FloatRange):
        return FloatDistribution(parameter.low, parameter.high, log=parameter.log, step=parameter.step)
    return IntDistribution(parameter.low, parameter.high, log=parameter.log, step=parameter.step)
