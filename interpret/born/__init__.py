"""The Born series read off a learned map: its Taylor tensors at U = 0 become laws, as integrals.

    laws = read_laws(J, H, T)        # the derivatives of any map U -> a0 at U = 0
    print(laws[1])                   # a2 = -∬ min(r,r')² max(r,r') U U' ...
    compare(laws[1])                 # beside the truth
    Proxy.of_laws(laws, cells=64)    # U -> a1 + a2 + a3

`library` holds the candidate kernels, `selection` the rule that picks few of them, `laws` the
laws, `comparison` what is true of them, `proxy` the approximation to the map that they add up to,
and `baselines` two ways to J, H and T without a network.
"""

from interpret.born.baselines import chosen_ridge, fit_kernel, fit_polynomial
from interpret.born.comparison import compare
from interpret.born.laws import BornLaw, read_law, read_laws
from interpret.born.proxy import Proxy

__all__ = [
    "BornLaw",
    "Proxy",
    "chosen_ridge",
    "compare",
    "fit_kernel",
    "fit_polynomial",
    "read_law",
    "read_laws",
]
