/* Vectors of numbers, a chain or a copy of one in each lane, and functions of
 * them: exp, log, and the activations with their slopes.
 *
 * Errors are about an epsilon of the result, or of 1 where results are smaller. */
#include <stdint.h>

typedef REAL real;
#if defined(__AVX512F__)
#define BYTES 64
#define TILE 8 /* examples at once: their sums stay in registers */
#elif defined(__AVX__)
#define BYTES 32
#define TILE 4
#else
#define BYTES 16
#define TILE 4
#endif
#define LANES (BYTES / (int)sizeof(real))
typedef real vec __attribute__((vector_size(BYTES)));
typedef __typeof__(__builtin_choose_expr(sizeof(real) == 4, (int32_t)0, (int64_t)0)) whole;
typedef whole mask __attribute__((vector_size(BYTES))); /* all bits or none, or integers */

#define NARROW (sizeof(real) == 4)
#define MANTISSA (NARROW ? 23 : 52)
#define EXPONENT (NARROW ? 127 : 1023) /* of 1 */
#define INLINE static inline __attribute__((always_inline))
#define EACH_LANE for (int l = 0; l < LANES; l++)
#define EACH(index, n) for (int64_t index = 0; index < (n); index++)

INLINE vec all(real value) { return (vec){0} + value; }

INLINE vec where(mask test, vec yes, vec no)
{
    return (vec)((test & (mask)yes) | (~test & (mask)no));
}

INLINE int any(mask test)
{
    int found = 0;
    EACH_LANE found |= test[l] != 0;
    return found;
}

INLINE vec least(vec a, vec b) { return where(a > b, b, a); } /* NaN in a stays */
INLINE vec most(vec a, vec b) { return where(a < b, b, a); }

/* exp(t) = 2^n exp(r), |r| <= ln(2) / 2; adding 1.5 * 2^mantissa rounds to the
 * integer n, which then stands in the last bits. Beyond what a real holds it
 * stays at the largest and the smallest. */
INLINE vec exp_of(vec t)
{
    static const double inverse_factorials[] = {
        1.0 / 39916800, 1.0 / 3628800, 1.0 / 362880, 1.0 / 40320,
        1.0 / 5040, 1.0 / 720, 1.0 / 120, 1.0 / 24, 1.0 / 6, 0.5, 1.0, 1.0};
    const real limit = NARROW ? 87 : 708;
    const real shift = NARROW ? 12582912.0 : 6755399441055744.0;
    const real upper = NARROW ? 0.693359375 : 6.93147180369123816490e-01;
    const real lower = NARROW ? -2.12194440054690583e-4 : 1.90821492927058770002e-10;
    t = most(least(t, all(limit)), all(-limit));
    vec rounded = t * (real)1.4426950408889634 + shift, n = rounded - shift;
    vec r = (t - n * upper) - n * lower;
    vec series = all(NARROW ? 1.0 / 40320 : 1.0 / 479001600);
    for (int k = NARROW ? 4 : 0; k < 12; k++)
        series = series * r + (real)inverse_factorials[k];
    return series * (vec)(((mask)rounded + EXPONENT) << MANTISSA);
}

/* log(x) = n log(2) + 2 artanh(s), s = (m - 1) / (m + 1), where x = 2^n m with
 * m between the roots of 1/2 and 2. For normal x above 0. */
INLINE vec log_of(vec x)
{
    const int terms = NARROW ? 5 : 11;
    const mask start = (mask)all(0.70710678118654752);
    mask n = ((mask)x - start) >> MANTISSA;
    vec m = (vec)((mask)x - (n << MANTISSA)), s = (m - 1) / (m + 1), z = s * s;
    vec series = all(1.0 / (2 * terms + 1));
    for (int k = terms - 1; k >= 0; k--)
        series = series * z + (real)(1.0 / (2 * k + 1));
    return __builtin_convertvector(n, vec) * (real)0.6931471805599453 + 2 * s * series;
}

/* erf z = sign(z) (1 - exp(-z^2) P(u)), u = (8 t - 5) / 3, t = 1 / (1 + |z| / 2).
 *
 * P is exp(z^2) erfc z for z from 0 to 6, interpolated at the Chebyshev nodes of
 * u in [-1, 1] with 40 digits; beyond 6, erf is 1. `bell` gets exp(-z^2). */
INLINE vec erf_of(vec z, vec *bell)
{
    static const double terms[] = {
        5.21043402496246917e-12, -1.22679139314904533e-11, -2.80913169091042832e-11,
        1.58329224051585885e-10, -2.35993143831029131e-10, -4.22370366771735325e-10,
        3.28807931882832438e-9, -7.17034005783751079e-9, -6.45301350518875321e-9,
        8.63289329404920941e-8, -1.98415195831034601e-7, -2.8227095951457581e-7,
        2.8381520852855394e-6, -4.27113828177804999e-6, -2.27001615523747331e-5,
        1.0054190251385732e-4, 1.33584269702985726e-4, -1.66536436718181249e-3,
        -1.67024440470015474e-3, 3.29934294779087451e-2, 0.169407590954497758,
        0.4221875836134475, 0.378537416929239722};
    vec size = least(where(z < 0, -z, z), all(6)), p = {0};
    vec u = (8 / (1 + size / 2) - 5) / 3;
    for (int k = NARROW ? 10 : 0; k < 23; k++)
        p = p * u + (real)terms[k];
    *bell = exp_of(-z * z);
    vec value = 1 - exp_of(-size * size) * p;
    return where(z < 0, -value, value);
}

enum activation { IDENTITY, TANH, RELU, SIGMOID, SOFTPLUS, SILU, GELU, ELU, SELU, ERF };

/* The activation of z, and its slope there. */
INLINE vec activated(enum activation kind, vec z, vec *slope)
{
    const real scale = 1.0507009873554805, alpha = 1.6732632423543772;
    const vec one = all(1);
    vec h, e;
    switch (kind) {
    case TANH: /* 1 - 2 / (exp(2z) + 1) */
        h = 1 - 2 / (exp_of(2 * z) + 1);
        *slope = 1 - h * h;
        return h;
    case RELU:
        *slope = where(z > 0, one, (vec){0});
        return where(z > 0, z, where(z == z, (vec){0}, z)); /* NaN stays */
    case SIGMOID:
        h = 1 / (1 + exp_of(-z));
        *slope = h * (1 - h);
        return h;
    case SOFTPLUS: /* beyond 20 the argument, as in PyTorch */
        e = exp_of(least(z, all(20)));
        *slope = where(z > 20, one, e / (1 + e));
        return where(z > 20, z, log_of(1 + e));
    case SILU:
        e = 1 / (1 + exp_of(-z));
        h = z * e;
        *slope = e + h * (1 - e);
        return h;
    case GELU: /* z Phi(z), Phi(z) = (1 + erf(z / sqrt 2)) / 2 */
        h = (real)0.5 * (1 + erf_of(z * (real)0.70710678118654752, &e));
        *slope = h + z * e * (real)0.39894228040143268;
        return z * h;
    case ELU:
        e = exp_of(least(z, (vec){0}));
        *slope = where(z > 0, one, e);
        return where(z > 0, z, e - 1);
    case SELU:
        e = alpha * exp_of(least(z, (vec){0}));
        *slope = scale * where(z > 0, one, e);
        return scale * where(z > 0, z, e - alpha);
    case ERF:
        h = erf_of(z, slope);
        *slope *= (real)1.1283791670955126;
        return h;
    default:
        *slope = one;
        return z;
    }
}

/* Activate n vectors in place; the kind is known to the compiler within. */
#define ACTIVATE(kind) case kind: \
    EACH(i, n) z[i] = activated(kind, z[i], slope + i); \
    break;

static void activate(enum activation kind, int64_t n, vec *z, vec *slope)
{
    switch (kind) {
    ACTIVATE(TANH) ACTIVATE(RELU) ACTIVATE(SIGMOID) ACTIVATE(SOFTPLUS)
    ACTIVATE(SILU) ACTIVATE(GELU) ACTIVATE(ELU) ACTIVATE(SELU) ACTIVATE(ERF)
    default:
        break; /* the identity: its slope is not asked for */
    }
}
