// Blocks of points, (rows, points), the points side by side in vectors, and products with them.

#pragma once

#include <cstdlib>
#include <cstring>
#include <vector>

#include "vectors.h"

using Index = std::int64_t;

// Vectors of a block: enough that no product waits for the one before, few enough for the cache.
constexpr int MANY = 8;
// Rows and columns of a product that are held in registers at once.
constexpr int ROWS = 4;
constexpr int COLUMNS = BYTES == 64 ? 4 : 2;

template <class Real> constexpr int BLOCK = MANY * LANES<Real>;

// Rows of a matrix (rows, columns), so many at a time, their numbers side by side.
template <class Real> std::vector<Real> packed(
    const Real* matrix, Index rows, Index columns, Index row_step, Index column_step) {
    std::vector<Real> found;
    found.reserve(rows * columns);
    for (Index i = 0; i < rows;) {
        const Index together = rows - i < ROWS ? 1 : ROWS;
        for (Index j = 0; j < columns; j++)
            for (Index k = 0; k < together; k++)
                found.push_back(matrix[(i + k) * row_step + j * column_step]);
        i += together;
    }
    return found;
}

template <class Real, int TOGETHER> inline void product_of_rows(
    Real* __restrict to, const Real* __restrict matrix, const Real* __restrict from, Index columns,
    const Real* start) {
    using V = Vector<Real>;
    constexpr int VECTORS = TOGETHER == 1 ? MANY : COLUMNS;
    for (int first = 0; first < MANY; first += VECTORS) {
        V sum[TOGETHER][VECTORS];
#pragma GCC unroll 8
        for (int i = 0; i < TOGETHER; i++)
#pragma GCC unroll 8
            for (int v = 0; v < VECTORS; v++) sum[i][v] = all<Real>(start ? start[i] : 0);
        const V* in = (const V*)from + first;
        const Real* weight = matrix;
        for (Index j = 0; j < columns; j++, in += MANY, weight += TOGETHER) {
#pragma GCC unroll 8
            for (int i = 0; i < TOGETHER; i++)
#pragma GCC unroll 8
                for (int v = 0; v < VECTORS; v++) sum[i][v] += weight[i] * in[v];
        }
#pragma GCC unroll 8
        for (int i = 0; i < TOGETHER; i++)
#pragma GCC unroll 8
            for (int v = 0; v < VECTORS; v++) ((V*)to)[i * MANY + first + v] = sum[i][v];
    }
}

// to (rows, block) = matrix (rows, columns) from (columns, block) + start (rows).
template <class Real> void product(
    Real* to, const std::vector<Real>& matrix, const Real* from, Index rows, Index columns,
    const Real* start = nullptr) {
    const Real* weight = matrix.data();
    Index i = 0;
    for (; i + ROWS <= rows; i += ROWS, weight += ROWS * columns)
        product_of_rows<Real, ROWS>(
            to + i * BLOCK<Real>, weight, from, columns, start ? start + i : nullptr);
    for (; i < rows; i++, weight += columns)
        product_of_rows<Real, 1>(
            to + i * BLOCK<Real>, weight, from, columns, start ? start + i : nullptr);
}

template <class Real, int HIGH, int WIDE> inline void outer_tile(
    Vector<Real>* __restrict sum, Index columns, const Real* a, const Real* b, const Real* c,
    const Real* d) {
    using V = Vector<Real>;
    V held[HIGH][WIDE];
#pragma GCC unroll 8
    for (int i = 0; i < HIGH; i++)
#pragma GCC unroll 8
        for (int j = 0; j < WIDE; j++) held[i][j] = sum[i * columns + j];
    for (int v = 0; v < MANY; v++) {
        V left[HIGH], other[HIGH];
#pragma GCC unroll 8
        for (int i = 0; i < HIGH; i++) {
            left[i] = ((const V*)a)[i * MANY + v];
            other[i] = ((const V*)c)[i * MANY + v];
        }
#pragma GCC unroll 8
        for (int j = 0; j < WIDE; j++) {
            const V right = ((const V*)b)[j * MANY + v], beside = ((const V*)d)[j * MANY + v];
#pragma GCC unroll 8
            for (int i = 0; i < HIGH; i++) held[i][j] += left[i] * right + other[i] * beside;
        }
    }
#pragma GCC unroll 8
    for (int i = 0; i < HIGH; i++)
#pragma GCC unroll 8
        for (int j = 0; j < WIDE; j++) sum[i * columns + j] = held[i][j];
}

// sum (rows, columns) += a b^T + c d^T, lane by lane, of blocks a, c (rows) and b, d (columns).
template <class Real> void outer(
    Vector<Real>* sum, Index rows, Index columns, const Real* a, const Real* b, const Real* c,
    const Real* d) {
    constexpr int S = BLOCK<Real>;
    Index i = 0;
    for (; i + ROWS <= rows; i += ROWS) {
        Index j = 0;
        for (; j + ROWS <= columns; j += ROWS)
            outer_tile<Real, ROWS, ROWS>(
                sum + i * columns + j, columns, a + i * S, b + j * S, c + i * S, d + j * S);
        for (; j < columns; j++)
            outer_tile<Real, ROWS, 1>(
                sum + i * columns + j, columns, a + i * S, b + j * S, c + i * S, d + j * S);
    }
    for (; i < rows; i++)
        for (Index j = 0; j < columns; j++)
            outer_tile<Real, 1, 1>(
                sum + i * columns + j, columns, a + i * S, b + j * S, c + i * S, d + j * S);
}

// Memory in whole vectors, of zeros.
template <class Real> class Zeros {
  public:
    explicit Zeros(Index count) : start_(static_cast<Real*>(std::aligned_alloc(
        BYTES, (count * sizeof(Real) + BYTES - 1) / BYTES * BYTES))) {
        std::memset(start_, 0, count * sizeof(Real));
    }
    ~Zeros() { std::free(start_); }
    Zeros(const Zeros&) = delete;
    Zeros& operator=(const Zeros&) = delete;
    Real* at(Index offset) { return start_ + offset; }
    Vector<Real>* vectors() { return (Vector<Real>*)start_; }

  private:
    Real* start_;
};

// So many points of an array (rows, points), from the first on; the block is filled up with zeros.
template <class Real> void load(
    Real* to, const Real* from, Index rows, Index points, Index first, Index count) {
    for (Index row = 0; row < rows; row++) {
        std::memcpy(to + row * BLOCK<Real>, from + row * points + first, count * sizeof(Real));
        std::memset(to + row * BLOCK<Real> + count, 0, (BLOCK<Real> - count) * sizeof(Real));
    }
}
