// Activations of a vector at once.

#pragma once

#include "vectors.h"

// An activation: from z its value, and its slope beside; and s''/s' from value and slope.
struct Tanh {
    template <class Real> static Vector<Real> value(Vector<Real> z, Vector<Real>& slope) {
        const Exponential<Real> e(2 * z);
        const Vector<Real> value = (e.above - e.below) / (e.above + e.below);
        slope = 1 - value * value;
        return value;
    }
    template <class Real> static Vector<Real> bend(Vector<Real> value, Vector<Real>) {
        return -2 * value;
    }
};
struct Softplus {
    template <class Real> static Vector<Real> value(Vector<Real> z, Vector<Real>& slope) {
        const Vector<Real> e = exponential<Real>(z < 0 ? z : -z), far = 1 / (1 + e);
        slope = z < 0 ? e * far : far;
        return (z < 0 ? Vector<Real>{} : z) + log_one_plus<Real>(e);
    }
    template <class Real> static Vector<Real> bend(Vector<Real>, Vector<Real> slope) {
        return 1 - slope;
    }
};
struct Elu {
    template <class Real> static Vector<Real> value(Vector<Real> z, Vector<Real>& slope) {
        slope = exponential<Real>(z < 0 ? z : Vector<Real>{});
        return z < 0 ? slope - 1 : z;
    }
    template <class Real> static Vector<Real> bend(Vector<Real> value, Vector<Real>) {
        return value < 0 ? all<Real>(1) : Vector<Real>{};
    }
};
