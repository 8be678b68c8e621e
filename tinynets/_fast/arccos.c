/* Element-wise passes over the kernels of infinitely wide networks.
 *
 * A kernel k of standard deviations s1 (rows) and s2 (columns) is given by
 * its gap s1 s2 - k, as in tinynets.kernels.state; all arrays are row-major.
 * Compiled by build.py, once with REAL double and once with float; called by
 * arccos.py. Where no ntk is wanted its arrays are one row each, and ntk_stride
 * is zero.
 */
#include <stdint.h>
#include <string.h>

typedef REAL real;
#define NARROW (sizeof(real) == 4)


#define EACH_ROW for (int64_t i = 0; i < n_rows; i++)
#define LANES (64 / (int)sizeof(real))
#define VECTORS 4 /* of a block of columns, whose sums stay in registers */
#define BLOCK (VECTORS * LANES)
#define EACH_VECTOR _Pragma("GCC unroll 4") for (int v = 0; v < VECTORS; v++)
typedef real vec __attribute__((vector_size(64)));

static inline real root(real x)
{
    return NARROW ? (real)__builtin_sqrtf((float)x) : (real)__builtin_sqrt((double)x);
}

/* asin(z) / z as a polynomial in w = z^2 on [0, 1/4]; relative errors 1e-18
 * and 3e-10. Coefficients by mpmath.chebyfit. */
static inline real asin_over_z(real w)
{
    if (NARROW) {
        real sum = 0.0376771383418486;
        sum = sum * w + (real)0.014295256037820107;
        sum = sum * w + (real)0.03185718889411276;
        sum = sum * w + (real)0.04450870949865153;
        sum = sum * w + (real)0.07500571381024686;
        sum = sum * w + (real)0.16666657639575913;
        return sum * w + 1;
    }
    real sum = 0.03257934796692842;
    sum = sum * w + (real)-0.02093065831518245;
    sum = sum * w + (real)0.02166805886905636;
    sum = sum * w + (real)0.0037180577483250537;
    sum = sum * w + (real)0.010778675120995992;
    sum = sum * w + (real)0.011398850408440755;
    sum = sum * w + (real)0.01398088299217101;
    sum = sum * w + (real)0.017351600625343435;
    sum = sum * w + (real)0.022372216106072148;
    sum = sum * w + (real)0.030381942642327187;
    sum = sum * w + (real)0.04464285717686322;
    sum = sum * w + (real)0.07499999999966611;
    sum = sum * w + (real)0.16666666666666796;
    return sum * w + 1;
}

/* After f(u) = negative min(u, 0) + positive max(u, 0), with
 * a = (negative^2 + positive^2) / 2 and b = (negative - positive)^2 / 2 pi:
 *   gap <- a gap - b (sqrt(gap (2 p - gap)) - theta (p - gap)),  p = s1 s2,
 *   ntk <- ntk (a - b theta).
 * theta from sin^2(theta / 2) = gap / 2p: by the arc sine of its root below
 * 1/4, of the cosine up to 3/4, of the other half's root above. */
void two_slopes(
    int64_t n_rows, int64_t n_columns, int64_t ntk_stride, const real *gap,
    const real *ntk, const real *s1, const real *s2, double a_, double b_,
    real *new_gap, real *new_ntk)
{
    const real a = a_, b = b_;
    const real pi = 3.141592653589793238, half_pi = 1.570796326794896619;
    EACH_ROW {
        const real own = s1[i];
        const real *restrict g = gap + i * n_columns;
        const real *restrict t = ntk + i * ntk_stride;
        real *restrict new_g = new_gap + i * n_columns;
        real *restrict new_t = new_ntk + i * ntk_stride;
#pragma omp simd
        for (int64_t j = 0; j < n_columns; j++) {
            real p = own * s2[j], e = g[j];
            real other = 2 * p - e;
            other = other > 0 ? other : 0;
            real scale = p > 0 ? (real)0.5 / p : 0;
            real low = e * scale, high = other * scale, cosine = high - low;
            int is_low = low <= (real)0.25, is_high = high < (real)0.25;
            real near = is_low ? low : high, z = root(near);
            int outer = is_low | is_high;
            z = outer ? z : cosine;
            real w = outer ? near : cosine * cosine;
            real arc = z * asin_over_z(w);
            real theta = is_low ? 2 * arc : is_high ? pi - 2 * arc : half_pi - arc;
            real bend = root(e * other) - theta * (p - e);
            real result = a * e - b * bend;
            real tangent = t[j] * (a - b * theta);
            new_t[j] = tangent;
            new_g[j] = result > 0 ? result : 0;
        }
    }
}

/* After weights of variance v and biases of variance c, with the new standard
 * deviations r1 and r2 (Lagrange's identity for the bias's part):
 *   gap <- v gap + v c (s1 - s2)^2 / (r1 r2 + v s1 s2 + c),
 *   ntk <- v ntk + slope (r1 r2 - gap) + shift. */
void affine(
    int64_t n_rows, int64_t n_columns, int64_t ntk_stride, const real *gap,
    const real *ntk, const real *s1, const real *s2, const real *r1,
    const real *r2, double v_, double c_, double slope_, double shift_,
    real *new_gap, real *new_ntk)
{
    const real v = v_, c = c_, vc = v_ * c_, slope = slope_, shift = shift_;
    EACH_ROW {
        const real own = s1[i], new_own = r1[i];
        const real *restrict g = gap + i * n_columns;
        const real *restrict t = ntk + i * ntk_stride;
        real *restrict new_g = new_gap + i * n_columns;
        real *restrict new_t = new_ntk + i * ntk_stride;
#pragma omp simd
        for (int64_t j = 0; j < n_columns; j++) {
            real product = new_own * r2[j], difference = own - s2[j];
            real result = v * g[j];
            if (c > 0)
                result += vc * difference * difference / (product + v * own * s2[j] + c);
            new_t[j] = v * t[j] + slope * (product - result) + shift;
            new_g[j] = result;
        }
    }
}

/* Products of unit vectors, in place, to gaps: p (1 - product). Returns how
 * many 1 - product are below `near`, where rounding would tell. */
int64_t gaps(
    int64_t n_rows, int64_t n_columns, const real *s1, const real *s2,
    double near_, real *products)
{
    const real near = near_;
    int64_t n_near = 0;
    EACH_ROW {
        const real own = s1[i];
        real *restrict row = products + i * n_columns;
        int32_t few = 0;
#pragma omp simd reduction(+ : few)
        for (int64_t j = 0; j < n_columns; j++) {
            real gap = 1 - row[j];
            few += gap < near;
            row[j] = gap * own * s2[j];
        }
        n_near += few;
    }
    return n_near;
}

/* k = p - gap, and the variance itself where both inputs are equal. */
void covariances(
    int64_t n_rows, int64_t n_columns, const real *gap, const real *s1,
    const real *s2, const real *q1, const real *q2, real *k)
{
    EACH_ROW {
        const real own = s1[i], variance = q1[i];
        const real *restrict g = gap + i * n_columns;
        real *restrict row = k + i * n_columns;
#pragma omp simd
        for (int64_t j = 0; j < n_columns; j++) {
            int equal = (g[j] == 0) & (q2[j] == variance);
            row[j] = equal ? variance : own * s2[j] - g[j];
        }
    }
}

/* sum_n a_n b_n rho^n and its derivative by Horner's scheme, with coefficients
 * a (rows, n_terms) and b (n_terms, b_stride), those of degree first, first +
 * step, ... alone; rho = 1 - gap / (s1 s2). b_stride is n_columns filled up to
 * a multiple of BLOCK. */
void hermite_sums(
    int64_t n_rows, int64_t n_columns, int64_t n_terms, int64_t b_stride,
    int64_t first, int64_t step, const real *gap, const real *s1,
    const real *s2, const real *a, const real *b, real *sum, real *slope)
{
    const int64_t last = first + (n_terms - 1 - first) / step * step;
    EACH_ROW {
        const real *own = a + i * n_terms;
        for (int64_t start = 0; start < n_columns; start += BLOCK) {
            const int64_t left = n_columns - start;
            const int64_t at = i * n_columns + start;
            vec rho[VECTORS], power[VECTORS], value[VECTORS], change[VECTORS];
            EACH_VECTOR {
                for (int l = 0; l < LANES; l++) {
                    const int64_t j = v * LANES + l < left ? v * LANES + l : 0;
                    rho[v][l] = 1 - gap[at + j] / (s1[i] * s2[start + j]);
                }
                power[v] = step == 2 ? rho[v] * rho[v] : rho[v];
                value[v] = change[v] = (vec){0};
            }
            for (int64_t n = last; n >= first; n -= step) {
                const real *other = b + n * b_stride + start;
                EACH_VECTOR {
                    vec factor;
                    memcpy(&factor, other + v * LANES, sizeof(vec));
                    change[v] = change[v] * power[v] + value[v];
                    value[v] = value[v] * power[v] + own[n] * factor;
                }
            }
            /* of rho^first g(rho^step), g and g' being the sums */
            EACH_VECTOR {
                if (step == 2)
                    change[v] *= 2 * rho[v];
                if (first) {
                    change[v] = rho[v] * change[v] + value[v];
                    value[v] *= rho[v];
                }
                for (int l = 0; l < LANES && v * LANES + l < left; l++) {
                    sum[at + v * LANES + l] = value[v][l];
                    slope[at + v * LANES + l] = change[v][l];
                }
            }
        }
    }
}
