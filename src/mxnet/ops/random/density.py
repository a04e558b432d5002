"""Densities of distributions at samples: ``random_pdf_<name>``, or their logarithms with ``is_log``.

The parameters are arrays of one shape, and that of ``sample`` begins with it: behind it come the draws, as
``sample_<name>`` makes them. Samples are taken to lie where the distribution lives; nobody checks. Gradients flow to
the parameters, and to samples of continuous distributions.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ..checks import need_float
from ..registry import operator

__all__: list[str] = []

_LOG_ROOT_TAU = math.log(2 * math.pi) / 2


def _aligned(sample: Tensor, vector: int, **parameters: Tensor) -> list[Tensor]:
    """The sample and the parameters, which get axes of size 1 for the draws; at least float32.

    vector: the number of last axes, 0 or 1, that make one sample of the distribution.
    """
    need_float(sample)
    shape = next(iter(parameters.values())).shape
    batch, draws = len(shape) - vector, sample.dim() - len(shape)
    expected = sample.shape[:batch] + sample.shape[sample.dim() - vector :]
    result = [sample]
    for name, parameter in parameters.items():
        if draws < 0 or parameter.shape != expected:
            raise ValueError(
                f"{name} has shape {tuple(parameter.shape)}; all parameters must have the same shape, and sample, "
                f"{tuple(sample.shape)}, that shape and the draws' "
                + ("before its last axis" if vector else "behind it")
            )
        result.append(parameter.reshape(*shape[:batch], *(1,) * draws, *shape[batch:]))
    return [t.float() if t.dtype.itemsize == 2 else t for t in result]


def _density(log: Tensor, sample: Tensor, is_log: bool) -> Tensor:
    return (log if is_log else log.exp()).to(dtype=sample.dtype)


# ---- continuous distributions ----------------------------------------------------------------------------------------


@operator("_random_pdf_uniform", aliases=["random_pdf_uniform"], precision="widest")
def pdf_uniform(sample: Tensor, low: Tensor, high: Tensor, *, is_log: bool = False) -> Tensor:
    """Density of the uniform distribution on [low, high): ``1 / (high - low)``, for samples outside as well."""
    x, low, high = _aligned(sample, 0, low=low, high=high)
    return _density((-(high - low).log()).expand(x.shape).contiguous(), sample, is_log)


@operator("_random_pdf_normal", aliases=["random_pdf_normal"], precision="widest")
def pdf_normal(sample: Tensor, mu: Tensor, sigma: Tensor, *, is_log: bool = False) -> Tensor:
    """Density of the normal distribution with mean ``mu`` and standard deviation ``sigma``."""
    x, mu, sigma = _aligned(sample, 0, mu=mu, sigma=sigma)
    return _density(((x - mu) / sigma).square() / -2 - sigma.log() - _LOG_ROOT_TAU, sample, is_log)


@operator("_random_pdf_exponential", aliases=["random_pdf_exponential"], precision="widest")
def pdf_exponential(sample: Tensor, lam: Tensor, *, is_log: bool = False) -> Tensor:
    """Density of the exponential distribution with rate ``lam``: ``lam * exp(-lam * sample)``."""
    x, lam = _aligned(sample, 0, lam=lam)
    return _density(lam.log() - lam * x, sample, is_log)


@operator("_random_pdf_gamma", aliases=["random_pdf_gamma"], precision="widest")
def pdf_gamma(sample: Tensor, alpha: Tensor, beta: Tensor, *, is_log: bool = False) -> Tensor:
    """Density of the gamma distribution with shape ``alpha`` and *rate* ``beta``; ``sample_gamma`` takes the scale.

    ``beta**alpha * sample**(alpha - 1) * exp(-beta * sample) / gamma(alpha)``
    """
    x, alpha, beta = _aligned(sample, 0, alpha=alpha, beta=beta)
    log = alpha * beta.log() + (alpha - 1) * x.log() - beta * x - alpha.lgamma()
    return _density(log, sample, is_log)


@operator("_random_pdf_dirichlet", aliases=["random_pdf_dirichlet"], precision="widest")
def pdf_dirichlet(sample: Tensor, alpha: Tensor, *, is_log: bool = False) -> Tensor:
    """Density of the Dirichlet distribution with concentrations ``alpha`` at vectors that sum to 1.

    sample: (*batch, *draws, K) · alpha: (*batch, K) · returns (*batch, *draws), and (1,) where that is empty.
    """
    x, alpha = _aligned(sample, 1, alpha=alpha)
    log = ((alpha - 1) * x.log()).sum(-1) + alpha.sum(-1).lgamma() - alpha.lgamma().sum(-1)
    return _density(log if log.dim() else log.reshape(1), sample, is_log)


# ---- discrete distributions: probabilities of whole numbers ----------------------------------------------------------


@operator("_random_pdf_poisson", aliases=["random_pdf_poisson"], precision="widest")
def pdf_poisson(sample: Tensor, lam: Tensor, *, is_log: bool = False) -> Tensor:
    """Probability of ``sample`` in the Poisson distribution with rate ``lam``."""
    x, lam = _aligned(sample.detach(), 0, lam=lam)
    return _density(torch.xlogy(x, lam) - lam - (x + 1).lgamma(), sample, is_log)


@operator("_random_pdf_negative_binomial", aliases=["random_pdf_negative_binomial"], precision="widest")
def pdf_negative_binomial(sample: Tensor, k: Tensor, p: Tensor, *, is_log: bool = False) -> Tensor:
    """Probability of ``sample`` failures before the ``k``-th success, where one succeeds with probability ``p``."""
    x, k, p = _aligned(sample.detach(), 0, k=k, p=p)
    return _density(_log_negative_binomial(x, k, p), sample, is_log)


@operator(
    "_random_pdf_generalized_negative_binomial",
    aliases=["random_pdf_generalized_negative_binomial"],
    precision="widest",
)
def pdf_generalized_negative_binomial(sample: Tensor, mu: Tensor, alpha: Tensor, *, is_log: bool = False) -> Tensor:
    """random_pdf_negative_binomial by mean and variance, which are ``mu`` and ``mu + alpha * mu**2``.

    ``k = 1 / alpha``, ``p = 1 / (1 + mu * alpha)``.
    """
    x, mu, alpha = _aligned(sample.detach(), 0, mu=mu, alpha=alpha)
    return _density(_log_negative_binomial(x, 1 / alpha, 1 / (1 + mu * alpha)), sample, is_log)


def _log_negative_binomial(x: Tensor, k: Tensor, p: Tensor) -> Tensor:
    ways = (x + k).lgamma() - (x + 1).lgamma() - k.lgamma()
    return ways + k * p.log() + torch.xlogy(x, 1 - p)
