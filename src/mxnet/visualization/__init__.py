"""``mx.visualization``, ``mx.viz``: networks as a table and as a picture."""

from .network import plot_network
from .summary import print_summary

__all__ = ["plot_network", "print_summary"]
