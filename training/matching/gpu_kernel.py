# mypy: ignore-errors
# What is below is Triton's language: Python to the eye, compiled for the GPU when it is first run.
"""The loss of a potential's forces and its gradient in the weights, as one kernel for a GPU.

    V(x) = g(w_3 . s(W_2 s(W_1 x + b_1) + b_2) + b_3),  g(y) = y or exp(y)
    loss = Σ_i |J_i grad V(x_i) - F_i|²

The four passes are those of `force_matching.cpp`: forward h, back u = dy/dz, forward again the
tangents t along the residual's own direction, and back the adjoints of both at once. A program
takes one block of points after the other through all four, with everything in its registers, and
leaves its share of the sums. Blocks and widths are powers of two: what is beyond is zero.
"""

import triton
import triton.language as tl


@triton.jit
def _activated(z, ACTIVATION: tl.constexpr):
    """s(z), s'(z) and s''(z)."""
    if ACTIVATION == "tanh":
        value = 1 - 2 / (tl.exp(2 * z) + 1)
        slope = 1 - value * value
        bend = -2 * value * slope
    elif ACTIVATION == "softplus":
        value = tl.maximum(z, 0.0) + tl.log(1 + tl.exp(-tl.abs(z)))
        slope = 1 / (1 + tl.exp(-z))
        bend = slope * (1 - slope)
    else:
        slope = tl.exp(tl.minimum(z, 0.0))
        value = tl.where(z > 0, z, slope - 1)
        bend = tl.where(z > 0, 0.0, slope)
    return value, slope, bend


@triton.jit
def _product(a, b):
    """a @ b, in the precision of both: no bits are dropped for speed.

    Triton takes every sum of products over a broadcast axis for one that may lose them.
    """
    return tl.dot(a, b, input_precision="ieee", out_dtype=a.dtype)


@triton.jit
def force_matching(
    x_at,  # (F, count)
    jacobian_at,  # (D, F, count), not read for the identity
    force_at,  # (D, count)
    parameters_at,  # all weights (inputs, outputs), the output's; all biases, the output's
    sums_at,  # (programs, parameters + 1): the gradient's and the loss's shares
    count,
    F: tl.constexpr,
    D: tl.constexpr,
    N1: tl.constexpr,
    N2: tl.constexpr,
    FEATURES: tl.constexpr,  # F, N1 and N2 as powers of two
    FIRST: tl.constexpr,
    SECOND: tl.constexpr,
    IDENTITY: tl.constexpr,
    EXPONENTIATED: tl.constexpr,
    ACTIVATION: tl.constexpr,
    BLOCK: tl.constexpr,
    BLOCKS: tl.constexpr,  # of every program
):
    """A program's share of the loss and of its gradient."""
    real = parameters_at.dtype.element_ty
    f = tl.arange(0, FEATURES).to(tl.int64)
    i = tl.arange(0, FIRST)
    k = tl.arange(0, SECOND)
    w2_at = parameters_at + F * N1
    w2 = tl.load(w2_at + i[:, None] * N2 + k[None, :], (i[:, None] < N1) & (k[None, :] < N2), 0.0)
    back = tl.load(w2_at + i[None, :] * N2 + k[:, None], (i[None, :] < N1) & (k[:, None] < N2), 0.0)
    w3_at = w2_at + N1 * N2
    w3 = tl.load(w3_at + k, k < N2, 0.0)[None, :]
    b1 = tl.load(w3_at + N2 + i, i < N1, 0.0)[None, :]
    b2 = tl.load(w3_at + N2 + N1 + k, k < N2, 0.0)[None, :]
    b3 = tl.load(w3_at + N2 + N1 + N2)

    loss = tl.zeros((BLOCK,), real)
    of_w1 = tl.zeros((BLOCK, FEATURES, FIRST), real)
    of_w2 = tl.zeros((FIRST, SECOND), real)
    of_w3 = tl.zeros((BLOCK, SECOND), real)
    of_b1 = tl.zeros((BLOCK, FIRST), real)
    of_b2 = tl.zeros((BLOCK, SECOND), real)
    of_b3 = tl.zeros((BLOCK,), real)
    for number in range(BLOCKS):
        block = number * tl.num_programs(0) + tl.program_id(0)
        n = block.to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
        known = n < count
        seen = known[:, None] & (f[None, :] < F)
        x = tl.load(x_at + f[None, :] * count + n[:, None], seen, 0.0)

        z1 = tl.zeros((BLOCK, FIRST), real) + b1
        for j in tl.static_range(F):
            w1 = tl.load(parameters_at + j * N1 + i, i < N1, 0.0)
            z1 += tl.load(x_at + j * count + n, known, 0.0)[:, None] * w1[None, :]
        h1, s1, bend1 = _activated(z1, ACTIVATION)
        h2, s2, bend2 = _activated(_product(h1, w2) + b2, ACTIVATION)

        u2 = s2 * w3
        a1 = _product(u2, back)
        u1 = s1 * a1
        if EXPONENTIATED:
            outer = tl.exp(tl.sum(h2 * w3, 1) + b3)[:, None]
            u1 = outer * u1

        t1z = tl.zeros((BLOCK, FIRST), real)
        along = tl.zeros((BLOCK, FEATURES), real)
        for d in tl.static_range(D):
            # How z_1 and x move with coordinate d.
            if IDENTITY:
                across = tl.load(parameters_at + d * N1 + i, i < N1, 0.0)[None, :]
                chain = tl.where(f[None, :] == d, 1.0, 0.0).to(real)
            else:
                chain_at = jacobian_at + d * F * count
                across = tl.zeros((BLOCK, FIRST), real)
                for j in tl.static_range(F):
                    w1 = tl.load(parameters_at + j * N1 + i, i < N1, 0.0)
                    across += tl.load(chain_at + j * count + n, known, 0.0)[:, None] * w1[None, :]
                chain = tl.load(chain_at + f[None, :] * count + n[:, None], seen, 0.0)
            force = tl.load(force_at + d * count + n, known, 0.0)
            missed = tl.where(known, tl.sum(u1 * across, 1) - force, 0.0)
            loss += missed * missed
            t1z += 2 * missed[:, None] * across
            along += 2 * missed[:, None] * chain

        t1 = s1 * t1z
        t2z = _product(t1, w2)
        t2 = s2 * t2z

        # The adjoints of z_2 and of its tangent; that of h_1's tangent is known, being a_1.
        of_z2 = w3 * t2z * bend2
        if EXPONENTIATED:
            rate = outer * tl.sum(t2 * w3, 1)[:, None]
            of_z2 = outer * of_z2 + rate * u2
            t2 = outer * t2 + rate * h2
            u2 = outer * u2
            a1 = outer * a1
            of_b3 += tl.sum(rate, 1)
        of_z1 = a1 * t1z * bend1 + _product(of_z2, back) * s1
        of_t1z = a1 * s1

        # Points that are none have no residual, hence no tangents and no adjoints.
        of_w3 += t2
        of_b2 += of_z2
        of_w2 += _product(tl.trans(h1), of_z2) + _product(tl.trans(t1), u2)
        of_b1 += of_z1
        of_w1 += x[:, :, None] * of_z1[:, None, :] + along[:, :, None] * of_t1z[:, None, :]

    size = F * N1 + N1 * N2 + N2 + N1 + N2 + 1
    at = sums_at + tl.program_id(0) * (size + 1)
    to_w1 = at + f[:, None] * N1 + i[None, :]
    tl.store(to_w1, tl.sum(of_w1, 0), (f[:, None] < F) & (i[None, :] < N1))
    to_w2 = at + F * N1 + i[:, None] * N2 + k[None, :]
    tl.store(to_w2, of_w2, (i[:, None] < N1) & (k[None, :] < N2))
    at += F * N1 + N1 * N2
    tl.store(at + k, tl.sum(of_w3, 0), k < N2)
    tl.store(at + N2 + i, tl.sum(of_b1, 0), i < N1)
    tl.store(at + N2 + N1 + k, tl.sum(of_b2, 0), k < N2)
    tl.store(at + N2 + N1 + N2, tl.sum(of_b3, 0))
    tl.store(at + N2 + N1 + N2 + 1, tl.sum(loss, 0))
