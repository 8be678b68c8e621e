/* Log density and gradient of a stack of linear layers, for a chain a lane.
 *
 * What is summed over examples is done for a tile of them at once: each weight
 * is loaded once for TILE products, whose sums stay in registers. The package's
 * docstring says what is computed, and how arrays lie. */
#include <stdlib.h>
#include <string.h>

#include "vectors.h"

typedef struct {
    int64_t n_in, n_out, activation, bias;
} layer;

typedef struct {
    int64_t n_layers, n_inputs, n_outputs, n_examples, n_weights, n_unknowns;
    int64_t categorical; /* else Gaussian */
    int64_t one_layer;   /* whether onelayer.h may take it */
    const layer *layers;
    const real *data;            /* x, y and 1 / temperature of each example */
    const real *prior_precision; /* of each coordinate; of unknowns 0 */
    const real *precision;       /* of the noise, of each output */
    const real *unknown_prior;   /* six coefficients each, see `by_unknowns` */
    const real *rows[5];         /* data by lane where 1, 2, 4, 8 chains share them */
    double n_observed;           /* by one unknown, over the temperature */
    double constant;             /* what no coordinate changes */
} model;

/* Some chains: in a lane each, `period` lanes apart in copies that share the examples
 * out; or `wide`, one chain with its units in the lanes. All arrays have n vectors. */
typedef struct {
    int64_t wide, period, first, chains, n;
    vec *position, *momentum, *gradient, *variance, *prior_precision;
    vec *precision, *squares; /* of each output */
    vec *tile, *units, *slopes, *back[2];
} work;

#define UNROLL _Pragma("GCC unroll 8")

/* z = W h + b for J units and E examples; all that is indexed by [j][e] is in registers. */
INLINE void affine_part(const int J, const int E, int64_t n_in, const vec *weight,
                        const vec *bias, const vec *h, vec *z)
{
    vec sum[4][TILE];
    UNROLL for (int j = 0; j < J; j++)
        UNROLL for (int e = 0; e < E; e++) sum[j][e] = bias ? bias[j] : (vec){0};
    EACH(k, n_in)
        UNROLL for (int j = 0; j < J; j++) {
            const vec w = weight[j * n_in + k];
            UNROLL for (int e = 0; e < E; e++) sum[j][e] += w * h[k * E + e];
        }
    UNROLL for (int j = 0; j < J; j++)
        UNROLL for (int e = 0; e < E; e++) z[j * E + e] = sum[j][e];
}

INLINE void affine(const int E, const layer *l, const vec *weight, const vec *h, vec *z)
{
    const int64_t n_in = l->n_in, n_out = l->n_out;
    const vec *bias = l->bias ? weight + n_out * n_in : NULL;
    int64_t j = 0;
    for (; j + 2 <= n_out; j += 2)
        affine_part(2, E, n_in, weight + j * n_in, bias ? bias + j : NULL, h, z + j * E);
    if (j < n_out)
        affine_part(1, E, n_in, weight + j * n_in, bias ? bias + j : NULL, h, z + j * E);
}

/* Add d h' to the gradient of W and the sums of d to that of b. */
INLINE void by_weight_part(const int J, const int E, int64_t n_in, const vec *d,
                           const vec *h, vec *weight, vec *bias)
{
    vec own[4][TILE];
    UNROLL for (int j = 0; j < J; j++)
        UNROLL for (int e = 0; e < E; e++) own[j][e] = d[j * E + e];
    EACH(k, n_in)
        UNROLL for (int j = 0; j < J; j++) {
            vec sum = weight[j * n_in + k];
            UNROLL for (int e = 0; e < E; e++) sum += own[j][e] * h[k * E + e];
            weight[j * n_in + k] = sum;
        }
    UNROLL for (int j = 0; j < J; j++)
        if (bias)
            UNROLL for (int e = 0; e < E; e++) bias[j] += own[j][e];
}

INLINE void by_weight(const int E, const layer *l, const vec *d, const vec *h, vec *weight)
{
    const int64_t n_in = l->n_in, n_out = l->n_out;
    vec *bias = l->bias ? weight + n_out * n_in : NULL;
    int64_t j = 0;
    for (; j + 2 <= n_out; j += 2)
        by_weight_part(2, E, n_in, d + j * E, h, weight + j * n_in, bias ? bias + j : NULL);
    if (j < n_out)
        by_weight_part(1, E, n_in, d + j * E, h, weight + j * n_in, bias ? bias + j : NULL);
}

/* W' d, for K inputs. */
INLINE void by_input_part(const int K, const int E, const layer *l, const vec *weight,
                          const vec *d, vec *into)
{
    vec sum[4][TILE];
    UNROLL for (int k = 0; k < K; k++)
        UNROLL for (int e = 0; e < E; e++) sum[k][e] = (vec){0};
    EACH(j, l->n_out)
        UNROLL for (int k = 0; k < K; k++) {
            const vec w = weight[j * l->n_in + k];
            UNROLL for (int e = 0; e < E; e++) sum[k][e] += w * d[j * E + e];
        }
    UNROLL for (int k = 0; k < K; k++)
        UNROLL for (int e = 0; e < E; e++) into[k * E + e] = sum[k][e];
}

INLINE void by_input(const int E, const layer *l, const vec *weight, const vec *d, vec *into)
{
    int64_t k = 0;
    for (; k + 2 <= l->n_in; k += 2)
        by_input_part(2, E, l, weight + k, d, into + k * E);
    if (k < l->n_in)
        by_input_part(1, E, l, weight + k, d, into + k * E);
}

/* d = dc / df for the Gaussian; adds up squared residuals over variances. */
INLINE void gaussian(const int E, const model *m, const work *w, const vec *f, vec *d)
{
    const vec *y = w->tile + m->n_inputs * E, *share = y + m->n_outputs * E;
    EACH(k, m->n_outputs)
        UNROLL for (int e = 0; e < E; e++) {
            vec residual = y[k * E + e] - f[k * E + e];
            d[k * E + e] = residual * w->precision[k] * share[e];
            w->squares[k] += residual * d[k * E + e];
        }
}

/* The same for classes, y being 1 for the class that was seen; the log
 * likelihood goes into the squares, -2 times. */
INLINE void categorical(const int E, const model *m, const work *w, const vec *f, vec *d)
{
    const vec *y = w->tile + m->n_inputs * E, *share = y + m->n_outputs * E;
    for (int e = 0; e < E; e++) {
        vec top = f[e], total = {0}, seen = {0};
        EACH(k, m->n_outputs) top = where(f[k * E + e] > top, f[k * E + e], top);
        EACH(k, m->n_outputs) {
            vec above = f[k * E + e] - top;
            seen += y[k * E + e] * above;
            d[k * E + e] = exp_of(above);
            total += d[k * E + e];
        }
        EACH(k, m->n_outputs)
            d[k * E + e] = (y[k * E + e] - d[k * E + e] / total) * share[e];
        w->squares[0] -= 2 * (seen - log_of(total)) * share[e];
    }
}

/* Forward and backward through all layers for E examples; the gradient adds up. */
INLINE void pass(const int E, const model *m, const work *w)
{
    const vec *weight = w->position, *h = w->tile;
    vec *units = w->units, *slopes = w->slopes;
    EACH(i, m->n_layers) {
        const layer *l = m->layers + i;
        affine(E, l, weight, h, units);
        activate(l->activation, l->n_out * E, units, slopes);
        h = units;
        weight += l->n_out * (l->n_in + l->bias);
        units += l->n_out * E;
        slopes += l->n_out * E;
    }
    vec *d = w->back[0], *other = w->back[1];
    if (m->categorical)
        categorical(E, m, w, h, d);
    else
        gaussian(E, m, w, h, d);
    for (int64_t i = m->n_layers - 1; i >= 0; i--) {
        const layer *l = m->layers + i;
        weight -= l->n_out * (l->n_in + l->bias);
        slopes -= l->n_out * E;
        h = i ? h - l->n_in * E : w->tile;
        if (l->activation != IDENTITY)
            EACH(j, l->n_out * E) d[j] *= slopes[j];
        by_weight(E, l, d, h, w->gradient + (weight - w->position));
        if (!i)
            break;
        by_input(E, l, weight, d, other);
        vec *swapped = d;
        d = other;
        other = swapped;
    }
}

/* Lay E examples out, from number i of those that a lane has. */
INLINE void take_examples(const int E, const model *m, const work *w, int64_t i)
{
    const int64_t width = m->n_inputs + m->n_outputs + 1;
    if (w->period < LANES) {
        const vec *rows = (const vec *)m->rows[__builtin_ctzll(w->period)] + i * width;
        EACH(k, width)
            UNROLL for (int e = 0; e < E; e++) w->tile[k * E + e] = rows[e * width + k];
    } else {
        const real *data = m->data + i * width;
        EACH(k, width)
            UNROLL for (int e = 0; e < E; e++) w->tile[k * E + e] = all(data[e * width + k]);
    }
}

/* Out of line, so that each is compiled once. */
#define PASS(E) static void pass_##E(const model *m, const work *w, int64_t i) \
    { take_examples(E, m, w, i); pass(E, m, w); }
PASS(1) PASS(2) PASS(3) PASS(4)
#if TILE == 8
PASS(5) PASS(6) PASS(7) PASS(8)
#endif

/* All examples, in tiles as even as can be. */
static void over_examples(const model *m, const work *w)
{
    static void (*const passes[])(const model *, const work *, int64_t) = {
        pass_1, pass_2, pass_3, pass_4,
#if TILE == 8
        pass_5, pass_6, pass_7, pass_8,
#endif
    };
    const int64_t copies = LANES / w->period, n = (m->n_examples + copies - 1) / copies;
    const int64_t n_tiles = (n + TILE - 1) / TILE;
    EACH(t, n_tiles) {
        const int64_t i = t * n / n_tiles, next = (t + 1) * n / n_tiles;
        passes[next - i - 1](m, w, i);
    }
}

#include "onelayer.h"

/* Give every copy the sum of all. */
#define FOLD(by) if (w->period <= by && by < LANES) { \
    vec other; EACH_LANE other[l] = v[(l ^ by) % LANES]; v += other; }

INLINE vec over_copies(const work *w, vec v)
{
    FOLD(1) FOLD(2) FOLD(4) FOLD(8)
    return v;
}

/* Add what the unknowns u = log s change, and their gradient.
 *
 * Their prior is a sum of u, u^2, exp(-2u), exp(-u), exp(u) and exp(2u). */
static vec by_unknowns(const model *m, const work *w)
{
    const real n = m->n_observed;
    vec value = {0};
    EACH(i, m->n_unknowns) {
        const real *c = m->unknown_prior + 6 * i;
        vec u = w->position[m->n_weights + i], *slope = w->gradient + m->n_weights + i;
        vec squares = w->squares[i], s = exp_of(u), r = exp_of(-u);
        if (m->n_unknowns < m->n_outputs) /* one for all of them */
            EACH(k, m->n_outputs - 1) squares += w->squares[k + 1];
        value += u * (c[0] - n + c[1] * u) + r * (c[2] * r + c[3]) + s * (c[4] + c[5] * s);
        *slope = squares - n + c[0] + 2 * c[1] * u - r * (2 * c[2] * r + c[3])
            + s * (c[4] + 2 * c[5] * s);
    }
    return value;
}

/* Log density by lane, and its gradient. */
static vec evaluate(const model *m, const work *w)
{
    memset(w->gradient, 0, w->n * sizeof(vec));
    EACH(k, m->n_outputs) {
        const vec *u = w->position + m->n_weights + (m->n_unknowns > 1 ? k : 0);
        w->precision[k] = m->n_unknowns ? exp_of(-2 * *u) : all(m->precision[k]);
        w->squares[k] = (vec){0};
    }
    if (!over_one_layer(m, w))
        over_examples(m, w);
    if (!w->wide && w->period < LANES) {
        EACH(k, m->n_weights) w->gradient[k] = over_copies(w, w->gradient[k]);
        EACH(k, m->n_outputs) w->squares[k] = over_copies(w, w->squares[k]);
    }
    vec squares = {0}, prior = {0};
    EACH(k, m->n_outputs) squares += w->squares[k];
    EACH(k, w->n - m->n_unknowns) {
        vec pull = w->position[k] * w->prior_precision[k];
        w->gradient[k] -= pull;
        prior += w->position[k] * pull;
    }
    if (w->wide)
        prior = all(total(prior));
    return (real)m->constant - (real)0.5 * (squares + prior) + by_unknowns(m, w);
}
