/* Leapfrog steps of one-hidden-layer posteriors.
 *
 * The density is that of tinynets.bnn.Posterior with a fixed noise:
 *   constant - 1/2 [ (y - f(x))^2 precision + sum_k prior_k theta_k^2 ],
 *   f(x) = W2 phi(W1 x + b1) + b2, one output, theta = (W1, b1, W2, b2).
 * Compiled and called by build.py and leapfrog.py beside it (whose package
 * draws the layout of all arrays), once with REAL double and once
 * with float. All arrays are row-major. Work goes on in vectors of LANES
 * numbers: units of one chain where the net is wide, chains where it is
 * narrow.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef REAL real;
#define LANES (64 / (int)sizeof(real))
#define FEW 4    /* chains, up to which they share a vector with copies */
#define BLOCK 16 /* examples whose hidden units are kept */
typedef real vec __attribute__((vector_size(64)));

#define EACH_LANE for (int l = 0; l < LANES; l++)
#define EACH(index, n) for (int64_t index = 0; index < (n); index++)

typedef struct {
    int64_t n_inputs, n_hidden, n_examples, relu;
    const real *x, *y, *prior_precision;
    double noise_precision, constant;
} model;

typedef struct {
    int64_t n_chains, n_steps;
    int64_t stride; /* of `variance`, from chain to chain */
    const real *step_size, *variance;
    real *position, *momentum, *value, *gradient;
    real *path[4]; /* the same four after each step, or NULL */
} chains;

/* tanh = 1 - 2 / (exp(2z) + 1), absolute error about an epsilon.
 *
 * exp(t) = 2^n exp(r), |r| <= ln(2) / 2; adding 1.5 * 2^mantissa rounds t to
 * the integer n, which then stands in the last bits. */
static inline real tanh_of_one(real z)
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

static inline vec tanh_of(vec z)
{
    EACH_LANE z[l] = tanh_of_one(z[l]);
    return z;
}

static inline vec where_positive(vec test, vec value)
{
    return (vec)((__typeof__(test > test))value & (test > (vec){0}));
}

static inline vec activation(int relu, vec z)
{
    return relu ? where_positive(z, z) : tanh_of(z);
}

/* Multiply by the activation's slope, read off its value. */
static inline vec through(int relu, vec hidden, vec back)
{
    return relu ? where_positive(hidden, back)
                : back * (1 - hidden * hidden);
}

static inline real total(vec v)
{
    for (int half = LANES / 2; half; half /= 2)
        for (int l = 0; l < half; l++)
            v[l] += v[l + half];
    return v[0];
}

/* Give every lane the sum of those FEW, 2 FEW, … lanes away. */
static inline vec over_copies(vec v)
{
    for (int by = FEW; by < LANES; by *= 2) {
        vec other;
        EACH_LANE other[l] = v[l ^ by];
        v += other;
    }
    return v;
}

/* A trajectory of `chains` chains from `first` on, and what it needs.
 *
 * Wide: of one chain, its W1, b1, W2 and b2 in whole vectors, filled up with
 * zeros, which stay, since their gradients are zero. Narrow: of a chain in
 * each lane, coordinate k of all of them in vector k; where they are few,
 * every lane has copies FEW lanes apart, which share the examples out. */
typedef struct {
    int64_t wide, few, n, first, chains, n_rows;
    vec *position, *momentum, *gradient, *variance, *prior_precision;
    vec *hidden, *rows; /* a row: an example's x, y and precision by lane */
} work;

/* Sum of squared residuals times precision; its gradient in the weights. */
static inline vec by_units(const model *m, const work *w, int relu)
{
    const int64_t width = (w->n - 1) / 3;
    const vec *w1 = w->position, *b1 = w1 + width, *w2 = b1 + width;
    vec *g_w1 = w->gradient, *g_b1 = g_w1 + width, *g_w2 = g_b1 + width;
    vec *hidden = w->hidden;
    real squares = 0, b2 = w2[width][0], g_b2 = 0, scaled[BLOCK];
    for (int64_t first = 0; first < m->n_examples; first += BLOCK) {
        const real *x = m->x + first, *y = m->y + first;
        const int64_t left = m->n_examples - first;
        const int64_t n = left < BLOCK ? left : BLOCK;
        EACH(i, n) {
            vec output = {0}, *unit = hidden + i * width;
            EACH(j, width) {
                unit[j] = activation(relu, w1[j] * x[i] + b1[j]);
                output += w2[j] * unit[j];
            }
            real residual = y[i] - total(output) - b2;
            scaled[i] = residual * (real)m->noise_precision;
            squares += residual * scaled[i];
            g_b2 += scaled[i];
        }
        EACH(j, width) {
            vec d_w1 = {0}, d_b1 = {0}, d_w2 = {0};
            EACH(i, n) {
                vec unit = hidden[i * width + j];
                vec back = through(relu, unit, scaled[i] * w2[j]);
                d_w2 += scaled[i] * unit;
                d_b1 += back;
                d_w1 += back * x[i];
            }
            g_w2[j] += d_w2;
            g_b1[j] += d_b1;
            g_w1[j] += d_w1;
        }
    }
    g_w2[width][0] = g_b2;
    return (vec){0} + squares;
}

/* The same by chains; adds the gradient to `sums`. */
static inline __attribute__((always_inline)) vec over_rows(
    const work *w, int relu, const int64_t d, const int64_t h, vec *sums,
    vec *hidden)
{
    const vec *w1 = w->position, *b1 = w1 + h * d, *w2 = b1 + h;
    vec *g_w1 = sums, *g_b1 = g_w1 + h * d, *g_w2 = g_b1 + h, squares = {0};
    EACH(i, w->n_rows) {
        const vec *x = w->rows + i * (d + 2);
        vec output = w2[h];
        EACH(j, h) {
            vec z = b1[j];
            EACH(k, d) z += w1[j * d + k] * x[k];
            hidden[j] = activation(relu, z);
            output += w2[j] * hidden[j];
        }
        vec residual = x[d] - output, scaled = residual * x[d + 1];
        squares += residual * scaled;
        g_w2[h] += scaled;
        EACH(j, h) {
            vec back = through(relu, hidden[j], scaled * w2[j]);
            g_w2[j] += scaled * hidden[j];
            g_b1[j] += back;
            EACH(k, d) g_w1[j * d + k] += back * x[k];
        }
    }
    return squares;
}

/* Where the compiler knows how few units there are, sums stay in registers. */
#define UNITS(n) case n: { \
    vec sums[3 * n + 1] = {0}, hidden[n]; \
    squares = over_rows(w, relu, 1, n, sums, hidden); \
    memcpy(w->gradient, sums, sizeof(sums)); \
    break; }

static inline vec by_chains(const model *m, const work *w, int relu)
{
    vec squares;
    switch (m->n_inputs == 1 ? m->n_hidden : 0) {
        UNITS(1) UNITS(2) UNITS(3) UNITS(4) UNITS(5) UNITS(6)
    default:
        squares = over_rows(w, relu, m->n_inputs, m->n_hidden, w->gradient,
                            w->hidden);
    }
    if (!w->few)
        return squares;
    EACH(k, w->n) w->gradient[k] = over_copies(w->gradient[k]);
    return over_copies(squares);
}

/* Log density by lane, and its gradient. */
static vec evaluate(const model *m, const work *w)
{
    memset(w->gradient, 0, w->n * sizeof(vec));
    vec squares, prior = {0};
    if (m->relu) /* known to the compiler within the loops */
        squares = w->wide ? by_units(m, w, 1) : by_chains(m, w, 1);
    else
        squares = w->wide ? by_units(m, w, 0) : by_chains(m, w, 0);
    EACH(k, w->n) {
        vec pull = w->position[k] * w->prior_precision[k];
        w->gradient[k] -= pull;
        prior += w->position[k] * pull;
    }
    if (w->wide)
        prior = (vec){0} + total(prior);
    return (real)m->constant - (real)0.5 * (squares + prior);
}

static inline int64_t chain_of(const work *w, int64_t lane)
{
    const int64_t chain = w->wide ? 0 : w->few ? lane % FEW : lane;
    return chain < w->chains ? chain : 0;
}

/* Between rows of weights and vectors; `stride` from row to row. */
static void take(const model *m, const work *w, vec *into, const real *from,
                 int64_t stride)
{
    const int64_t h = m->n_hidden, whole = (w->n - 1) / 3 * LANES;
    from += w->first * stride;
    if (!w->wide) {
        EACH(k, w->n) EACH_LANE into[k][l] = from[chain_of(w, l) * stride + k];
        return;
    }
    memset(into, 0, w->n * sizeof(vec));
    EACH(part, 4) memcpy((real *)into + part * whole, from + part * h,
                         (part < 3 ? h : 1) * sizeof(real));
}

static void give(const model *m, const work *w, real *into, const vec *from)
{
    const int64_t h = m->n_hidden, whole = (w->n - 1) / 3 * LANES;
    const int64_t dim = h * (m->n_inputs + 2) + 1;
    into += w->first * dim;
    if (!w->wide) {
        EACH(l, w->chains) EACH(k, dim) into[l * dim + k] = from[k][l];
        return;
    }
    EACH(part, 4) memcpy(into + part * h, (real *)from + part * whole,
                         (part < 3 ? h : 1) * sizeof(real));
}

static void set_rows(const model *m, const work *w)
{
    const int64_t d = m->n_inputs;
    EACH(i, w->n_rows) EACH_LANE {
        const int64_t at = w->few ? i + l / FEW * w->n_rows : i;
        const int there = at < m->n_examples;
        vec *row = w->rows + i * (d + 2);
        EACH(k, d) row[k][l] = there ? m->x[at * d + k] : 0;
        row[d][l] = there ? m->y[at] : 0;
        row[d + 1][l] = there ? m->noise_precision : 0;
    }
}

static void keep(const model *m, const chains *c, const work *w, int64_t row,
                 vec value)
{
    const int64_t dim = m->n_hidden * (m->n_inputs + 2) + 1;
    const int64_t at = row * c->n_chains;
    give(m, w, c->path[0] + at * dim, w->position);
    give(m, w, c->path[1] + at * dim, w->momentum);
    memcpy(c->path[2] + at + w->first, &value, w->chains * sizeof(real));
    give(m, w, c->path[3] + at * dim, w->gradient);
}

static void run(const model *m, const chains *c, const work *w)
{
    const int64_t dim = m->n_hidden * (m->n_inputs + 2) + 1;
    vec *q = w->position, *p = w->momentum, *g = w->gradient;
    vec value, step = {0};
    take(m, w, q, c->position, dim);
    if (!c->n_steps)
        value = evaluate(m, w);
    else {
        EACH_LANE step[l] = c->step_size[w->first + chain_of(w, l)];
        take(m, w, p, c->momentum, dim);
        take(m, w, g, c->gradient, dim);
        take(m, w, w->variance, c->variance, c->stride);
        EACH(k, w->n) p[k] += step / 2 * g[k];
    }
    for (int64_t s = 1; s <= c->n_steps; s++) {
        vec kick = s < c->n_steps ? step : step / 2;
        EACH(k, w->n) q[k] += step * w->variance[k] * p[k];
        value = evaluate(m, w);
        if (c->path[0]) { /* two half kicks, with the momentum between kept */
            EACH(k, w->n) p[k] += step / 2 * g[k];
            kick -= step / 2;
            keep(m, c, w, s - 1, value);
        }
        EACH(k, w->n) p[k] += kick * g[k];
    }
    if (c->n_steps) {
        give(m, w, c->position, q);
        give(m, w, c->momentum, p);
    }
    give(m, w, c->gradient, g);
    memcpy(c->value + w->first, &value, w->chains * sizeof(real));
}

/* Make `n_steps` leapfrog steps of some chains, in place; without any, only
 * evaluate. Returns 0, or 1 if there is no memory. */
int leapfrog(const model *m, const chains *c, int64_t first, int64_t last)
{
    const int64_t d = m->n_inputs, h = m->n_hidden;
    const int64_t width = (h + LANES - 1) / LANES, copies = LANES / FEW;
    work w = {.wide = d == 1 && h >= LANES, .few = c->n_chains <= FEW};
    w.n = w.wide ? 3 * width + 1 : h * (d + 2) + 1;
    w.n_rows = w.wide ? 0 : w.few ? (m->n_examples + copies - 1) / copies
                                  : m->n_examples;
    const int64_t n_hidden = w.wide ? BLOCK * width : h;
    vec *memory = aligned_alloc(sizeof(vec), sizeof(vec) * (
        5 * w.n + n_hidden + w.n_rows * (d + 2)));
    if (!memory)
        return 1;
    w.position = memory;
    w.momentum = w.position + w.n;
    w.gradient = w.momentum + w.n;
    w.variance = w.gradient + w.n;
    w.prior_precision = w.variance + w.n;
    w.hidden = w.prior_precision + w.n;
    w.rows = w.hidden + n_hidden;
    set_rows(m, &w);
    take(m, &w, w.prior_precision, m->prior_precision, 0);
    const int64_t at_once = w.wide ? 1 : LANES;
    for (w.first = first; w.first < last; w.first += at_once) {
        const int64_t left = last - w.first;
        w.chains = left < at_once ? left : at_once;
        run(m, c, &w);
    }
    free(memory);
    return 0;
}
