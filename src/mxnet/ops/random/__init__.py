"""Random numbers: draws, densities, and the generators behind them."""

from . import density, draws, zipfian
