// Vectors of numbers, as wide as the processor's, and the exponential of one.
//
// Written with the vector types that GCC and Clang share, for whatever it is compiled on.

#pragma once

#include <cstdint>
#include <limits>

#if defined(__AVX512F__)
constexpr int BYTES = 64;
#elif defined(__AVX__)
constexpr int BYTES = 32;
#else
constexpr int BYTES = 16;
#endif

// r coth(r / 2) = 2 + r^2 / 6 - ...: twice the Bernoulli numbers over (2n)!.
constexpr double SERIES[] = {
    2.0, 1.0 / 6, -1.0 / 360, 1.0 / 15120, -1.0 / 604800, 1.0 / 23950080, -691.0 / 653837184000};

template <class Real> struct Lanes;
template <> struct Lanes<double> {
    typedef double Vector __attribute__((vector_size(BYTES), may_alias));
    typedef std::int64_t Bits __attribute__((vector_size(BYTES), may_alias));
    static constexpr int mantissa = 52;
    static constexpr int terms = 6;
    static constexpr double lowest = -708.0, highest = 708.0;
    static constexpr double high = 0.693147180369123816490, low = 1.90821492927058770002e-10;
    static constexpr double shift = 6755399441055744.0;  // 1.5 * 2^52: what is added is rounded
};
template <> struct Lanes<float> {
    typedef float Vector __attribute__((vector_size(BYTES), may_alias));
    typedef std::int32_t Bits __attribute__((vector_size(BYTES), may_alias));
    static constexpr int mantissa = 23;
    static constexpr int terms = 3;
    static constexpr float lowest = -87.0f, highest = 87.0f;
    static constexpr float high = 0.693359375f, low = -2.12194440e-4f;
    static constexpr float shift = 12582912.0f;  // 1.5 * 2^23
};

template <class Real> using Vector = typename Lanes<Real>::Vector;
template <class Real> constexpr int LANES = BYTES / sizeof(Real);

template <class Real> inline Vector<Real> all(Real value) { return Vector<Real>{} + value; }

// exp(x) = above / below, for lowest <= x <= highest, which x is brought to.
template <class Real> struct Exponential {
    Vector<Real> above, below;

    // 2^k (R + r) / (R - r) with x = k ln 2 + r and R = r coth(r / 2), an even series in r.
    explicit Exponential(Vector<Real> x) {
        using Lane = Lanes<Real>;
        using Bits = typename Lane::Bits;
        x = x < Lane::lowest ? all<Real>(Lane::lowest) : x;
        x = x > Lane::highest ? all<Real>(Lane::highest) : x;
        const Vector<Real> shifted = x * (Real)1.4426950408889634 + Lane::shift;
        const Vector<Real> k = shifted - Lane::shift;
        const Vector<Real> r = (x - k * Lane::high) - k * Lane::low, square = r * r;
        Vector<Real> even = all<Real>((Real)SERIES[Lane::terms]);
#pragma GCC unroll 8
        for (int n = Lane::terms - 1; n >= 0; n--) even = even * square + (Real)SERIES[n];
        const Bits power = ((Bits)shifted - (Bits)all<Real>(Lane::shift)) << Lane::mantissa;
        above = (Vector<Real>)((Bits)(even + r) + power);
        below = even - r;
    }
};

// exp(x) of a vector; infinite, where it is too large to be said.
template <class Real> inline Vector<Real> exponential(Vector<Real> x) {
    const Exponential<Real> e(x);
    const Real infinite = std::numeric_limits<Real>::infinity();
    return x > Lanes<Real>::highest ? all<Real>(infinite) : e.above / e.below;
}

// log(1 + e) of 0 <= e <= 1, by 2 artanh(e / (2 + e)).
template <class Real> inline Vector<Real> log_one_plus(Vector<Real> e) {
    constexpr int terms = sizeof(Real) == 8 ? 17 : 8;
    const Vector<Real> s = e / (e + 2), square = s * s;
    Vector<Real> sum = all<Real>((Real)(1.0 / (2 * terms + 1)));
#pragma GCC unroll 17
    for (int n = terms - 1; n >= 0; n--) sum = sum * square + (Real)(1.0 / (2 * n + 1));
    return 2 * s * sum;
}

// The sum of a vector's numbers.
template <class Real> inline Real together(Vector<Real> lanes) {
    Real sum = 0;
    for (int k = 0; k < LANES<Real>; k++) sum += lanes[k];
    return sum;
}
