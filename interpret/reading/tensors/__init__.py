"""The Born series read off a learned map: its Taylor tensors at U = 0 become laws, as integrals.

    laws = read_laws(J, H, T)        # the derivatives of any map U -> a0 at U = 0
    print(laws[1])                   # a2 = -∬ min(r,r')² max(r,r') U U' ...
    compare(laws[1], systems.get("born"))    # beside the truth
    Proxy.of_laws(laws, cells=64)    # U -> a1 + a2 + a3

`kernel_candidates` holds the candidates, of which `interpret.select.knee` picks few, `kernels` the
laws, `proxy` the approximation to the map that they add up to, and `baselines` two ways to the
derivatives without a network.
"""

from interpret.reading.tensors.baselines import chosen_ridge, fit_kernel, fit_polynomial
from interpret.reading.tensors.kernels import Kernel, read_kernel, read_laws
from interpret.reading.tensors.proxy import Proxy

__all__ = [
    "Kernel",
    "Proxy",
    "chosen_ridge",
    "fit_kernel",
    "fit_polynomial",
    "read_kernel",
    "read_laws",
]
