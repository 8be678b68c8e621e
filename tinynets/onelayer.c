/* Leapfrog steps of one-hidden-layer posteriors.
 *
 * The density is that of tinynets.bnn.Posterior with a fixed noise:
 *   constant - 1/2 [ (y - f(x))^2 precision + sum_k prior_k theta_k^2 ],
 *   f(x) = W2 phi(W1 x + b1) + b2, one output, theta = (W1, b1, W2, b2).
 * Compiled and called by tinynets/native.py, once with REAL double and once
 * with float. All arrays are row-major. Work goes on in "vectors": a lane
 * each for LANES chains where the net is narrow, for the units of one chain
 * where it is wide (then the compiler vectorises the loops over units).
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef REAL real;
#define LANES (64 / (int)sizeof(real))
typedef real vec __attribute__((vector_size(64)));

#define EACH_UNIT _Pragma("omp simd") for (int64_t j = 0; j < h; j++)
#define EACH_WEIGHT _Pragma("omp simd") for (int64_t k = 0; k < dim; k++)

typedef struct {
    int64_t n_inputs, n_hidden, n_examples, relu;
    const real *x, *y, *prior_precision;
    double noise_precision, constant;
} model;

/* tanh = 1 - 2 / (exp(2z) + 1), absolute error about an epsilon.
 *
 * exp(t) = 2^n exp(r), |r| <= ln(2) / 2; adding 1.5 * 2^mantissa rounds t to
 * the integer n, which then stands in the last bits. */
static inline real tanh_of(real z)
{
    const int narrow = sizeof(real) == 4;
    const real limit = narrow ? 10 : 20;
    const real shift = narrow ? 12582912.0 : 6755399441055744.0;
    real t = z > limit ? limit : z;
    t = 2 * (t < -limit ? -limit : t);
    real rounded = t * (real)1.4426950408889634 + shift, n = rounded - shift;
    real r = narrow
        ? (t - n * (real)0.693359375) + n * (real)2.12194440054690583e-4
        : (t - n * (real)6.93147180369123816490e-01)
          - n * (real)1.90821492927058770002e-10;
    static const double inverse_factorials[] = {
        1.0 / 39916800, 1.0 / 3628800, 1.0 / 362880, 1.0 / 40320,
        1.0 / 5040, 1.0 / 720, 1.0 / 120, 1.0 / 24, 1.0 / 6, 0.5, 1.0, 1.0};
    real series = narrow ? 1.0 / 40320 : 1.0 / 479001600, power;
    for (int k = narrow ? 4 : 0; k < 12; k++)
        series = series * r + (real)inverse_factorials[k];
    if (narrow) {
        int32_t bits;
        memcpy(&bits, &rounded, sizeof(real));
        bits = (int32_t)((uint32_t)(bits + 127) << 23);
        memcpy(&power, &bits, sizeof(real));
    } else {
        int64_t bits;
        memcpy(&bits, &rounded, sizeof(real));
        bits = (int64_t)((uint64_t)(bits + 1023) << 52);
        memcpy(&power, &bits, sizeof(real));
    }
    return 1 - 2 / (series * power + 1);
}

/* Wide: units side by side. One chain, its weights as they are. */
static real by_units(const model *m, const real *theta, real *grad,
                     real *hidden)
{
    const int64_t h = m->n_hidden, dim = 3 * h + 1;
    const real *w1 = theta, *b1 = w1 + h, *w2 = b1 + h;
    real *g_w1 = grad, *g_b1 = g_w1 + h, *g_w2 = g_b1 + h;
    real squares = 0, prior = 0;
    _Pragma("omp simd reduction(+:prior)")
    for (int64_t k = 0; k < dim; k++) {
        grad[k] = -theta[k] * m->prior_precision[k];
        prior -= grad[k] * theta[k];
    }
    for (int64_t i = 0; i < m->n_examples; i++) {
        const real x = m->x[i];
        real output = 0;
        if (m->relu)
            EACH_UNIT {
                real z = w1[j] * x + b1[j];
                hidden[j] = z < 0 ? 0 : z;
            }
        else
            EACH_UNIT hidden[j] = tanh_of(w1[j] * x + b1[j]);
        _Pragma("omp simd reduction(+:output)")
        for (int64_t j = 0; j < h; j++)
            output += w2[j] * hidden[j];
        real residual = m->y[i] - output - w2[h];
        real scaled = residual * (real)m->noise_precision;
        squares += residual * scaled;
        g_w2[h] += scaled;
        if (m->relu)
            EACH_UNIT {
                real back = hidden[j] > 0 ? scaled * w2[j] : 0;
                g_w2[j] += scaled * hidden[j];
                g_b1[j] += back;
                g_w1[j] += back * x;
            }
        else
            EACH_UNIT {
                real back = scaled * w2[j] * (1 - hidden[j] * hidden[j]);
                g_w2[j] += scaled * hidden[j];
                g_b1[j] += back;
                g_w1[j] += back * x;
            }
    }
    return (real)m->constant - (real)0.5 * (squares + prior);
}

static inline vec where_positive(vec test, vec value)
{
    return (vec)((__typeof__(test > test))value & (test > (vec){0}));
}

/* Narrow: chains side by side, coordinate k of all of them in theta[k]. */
static vec by_chains(const model *m, const vec *theta, vec *grad,
                     vec *hidden)
{
    const int64_t d = m->n_inputs, h = m->n_hidden;
    const vec zero = {0}, *w1 = theta, *b1 = w1 + h * d, *w2 = b1 + h;
    vec *g_w1 = grad, *g_b1 = g_w1 + h * d, *g_w2 = g_b1 + h;
    vec squares = zero, prior = zero;
    for (int64_t k = 0; k < h * d + 2 * h + 1; k++) {
        grad[k] = -theta[k] * m->prior_precision[k];
        prior -= grad[k] * theta[k];
    }
    for (int64_t i = 0; i < m->n_examples; i++) {
        const real *x = m->x + i * d;
        vec output = w2[h];
        for (int64_t j = 0; j < h; j++) {
            vec z = b1[j];
            for (int64_t k = 0; k < d; k++)
                z += w1[j * d + k] * x[k];
            for (int l = 0; l < LANES && !m->relu; l++)
                z[l] = tanh_of(z[l]);
            hidden[j] = m->relu ? where_positive(z, z) : z;
            output += w2[j] * hidden[j];
        }
        vec residual = m->y[i] - output;
        vec scaled = residual * (real)m->noise_precision;
        squares += residual * scaled;
        g_w2[h] += scaled;
        for (int64_t j = 0; j < h; j++) {
            vec back = scaled * w2[j];
            back = m->relu ? where_positive(hidden[j], back)
                           : back * (1 - hidden[j] * hidden[j]);
            g_w2[j] += scaled * hidden[j];
            g_b1[j] += back;
            for (int64_t k = 0; k < d; k++)
                g_w1[j * d + k] += back * x[k];
        }
    }
    return (real)m->constant - (real)0.5 * (squares + prior);
}

typedef struct {
    int64_t n_steps, stride; /* stride of `variance` from chain to chain */
    const real *step_size, *variance;
    real *position, *momentum, *value, *gradient;
} chains;

static void run_wide(const model *m, const chains *c, int64_t chain, real *own)
{
    const int64_t dim = 3 * m->n_hidden + 1;
    real *q = c->position + chain * dim, *g = c->gradient + chain * dim;
    if (!c->n_steps) {
        c->value[chain] = by_units(m, q, g, own);
        return;
    }
    real *p = c->momentum + chain * dim, epsilon = c->step_size[chain];
    const real *inverse = c->variance + chain * c->stride;
    EACH_WEIGHT p[k] += epsilon / 2 * g[k];
    for (int64_t s = 1; s <= c->n_steps; s++) {
        real kick = s < c->n_steps ? epsilon : epsilon / 2;
        EACH_WEIGHT q[k] += epsilon * inverse[k] * p[k];
        c->value[chain] = by_units(m, q, g, own);
        EACH_WEIGHT p[k] += kick * g[k];
    }
}

static void gather(vec *into, const real *from, int64_t lanes, int64_t stride,
                   int64_t dim)
{
    memset(into, 0, dim * sizeof(vec));
    for (int64_t l = 0; l < lanes; l++)
        for (int64_t k = 0; k < dim; k++)
            into[k][l] = from[l * stride + k];
}

static void scatter(real *into, const vec *from, int64_t lanes, int64_t dim)
{
    for (int64_t l = 0; l < lanes; l++)
        for (int64_t k = 0; k < dim; k++)
            into[l * dim + k] = from[k][l];
}

static void run_narrow(const model *m, const chains *c, int64_t first,
                       int64_t lanes, vec *q)
{
    const int64_t dim = m->n_hidden * (m->n_inputs + 2) + 1;
    const int64_t at = first * dim;
    vec *p = q + dim, *g = p + dim, *inverse = g + dim, *own = inverse + dim;
    vec epsilon = {0}, density;
    gather(q, c->position + at, lanes, dim, dim);
    if (!c->n_steps)
        density = by_chains(m, q, g, own);
    else {
        memcpy(&epsilon, c->step_size + first, lanes * sizeof(real));
        gather(p, c->momentum + at, lanes, dim, dim);
        gather(g, c->gradient + at, lanes, dim, dim);
        gather(inverse, c->variance + first * c->stride, lanes, c->stride,
               dim);
        for (int64_t k = 0; k < dim; k++)
            p[k] += epsilon / 2 * g[k];
    }
    for (int64_t s = 1; s <= c->n_steps; s++) {
        vec kick = s < c->n_steps ? epsilon : epsilon / 2;
        for (int64_t k = 0; k < dim; k++)
            q[k] += epsilon * inverse[k] * p[k];
        density = by_chains(m, q, g, own);
        for (int64_t k = 0; k < dim; k++)
            p[k] += kick * g[k];
    }
    if (c->n_steps) {
        scatter(c->position + at, q, lanes, dim);
        scatter(c->momentum + at, p, lanes, dim);
    }
    scatter(c->gradient + at, g, lanes, dim);
    memcpy(c->value + first, &density, lanes * sizeof(real));
}

/* Make `n_steps` leapfrog steps of some chains, in place; without any, only
 * evaluate. Returns 0, or 1 if there is no memory. */
int leapfrog(const model *m, const chains *c, int64_t first, int64_t last)
{
    const int64_t h = m->n_hidden, dim = h * (m->n_inputs + 2) + 1;
    vec *own = aligned_alloc(sizeof(vec), (4 * dim + h) * sizeof(vec));
    if (!own)
        return 1;
    if (m->n_inputs == 1 && h >= LANES)
        for (; first < last; first++)
            run_wide(m, c, first, (real *)own);
    else
        for (; first < last; first += LANES)
            run_narrow(m, c, first,
                       last - first < LANES ? last - first : LANES, own);
    free(own);
    return 0;
}
