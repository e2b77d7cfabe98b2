"""From a phase shift and the size of a box to the energy levels there: a network, and one curve.

`network` learns the map as the paper does, `structured` one function φ(q) with δ + φ = nπ;
`inputs` is what a network is shown.
"""
