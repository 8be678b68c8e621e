/* Leapfrog steps of a group of chains, and the way to it from rows of a tensor. */
#include "network.h"

#define MOST_ENERGY_ERROR 1000 /* DIVERGENCE of samplers/base.py, in nats */

typedef struct {
    int64_t n_chains, n_steps;
    int64_t stride; /* of `variance`, from chain to chain */
    const real *step_size, *variance;
    real *position, *momentum, *value, *gradient;
} chains;

static inline int64_t chain_of(const work *w, int64_t lane)
{
    const int64_t chain = w->wide ? 0 : lane % w->period;
    return w->first + (chain < w->chains ? chain : 0);
}

/* Between rows, `stride` numbers apart, and vectors. */
static void take(const model *m, const work *w, vec *into, const real *from, int64_t stride)
{
    const int64_t h = m->layers[0].n_out, whole = (w->n - 1) / 3 * LANES;
    if (!w->wide) {
        EACH(k, w->n) EACH_LANE into[k][l] = from[chain_of(w, l) * stride + k];
        return;
    }
    memset(into, 0, w->n * sizeof(vec));
    EACH(part, 4) memcpy((real *)into + part * whole, from + w->first * stride + part * h,
                         (part < 3 ? h : 1) * sizeof(real));
}

static void give(const model *m, const work *w, real *into, const vec *from, int64_t stride)
{
    const int64_t h = m->layers[0].n_out, whole = (w->n - 1) / 3 * LANES;
    if (!w->wide) {
        const int64_t dim = m->n_weights + m->n_unknowns;
        EACH(l, w->chains) EACH(k, dim) into[(w->first + l) * stride + k] = from[k][l];
        return;
    }
    EACH(part, 4) memcpy(into + w->first * stride + part * h, (const real *)from + part * whole,
                         (part < 3 ? h : 1) * sizeof(real));
}

/* Between a number for each chain and a vector. */
INLINE vec take_one(const work *w, const real *from)
{
    vec v;
    EACH_LANE v[l] = from[chain_of(w, l)];
    return v;
}

INLINE void give_one(const work *w, real *into, vec v, int64_t stride)
{
    EACH(l, w->chains) into[(w->first + l) * stride] = v[l];
}

INLINE vec kinetic(const work *w, const vec *p)
{
    vec sum = {0};
    EACH(k, w->n) sum += w->variance[k] * p[k] * p[k];
    return (real)0.5 * (w->wide ? all(total(sum)) : sum);
}

/* Make n leapfrog steps, 1 or more, from where `work` stands; the log density there. */
static vec follow(const model *m, const work *w, vec step, int64_t n)
{
    vec *q = w->position, *p = w->momentum, *g = w->gradient, value = {0};
    EACH(k, w->n) p[k] += step / 2 * g[k];
    for (int64_t s = 1; s <= n; s++) {
        const vec kick = s < n ? step : step / 2;
        EACH(k, w->n) q[k] += step * w->variance[k] * p[k];
        value = evaluate(m, w);
        EACH(k, w->n) p[k] += kick * g[k];
    }
    return value;
}

static void leapfrog_of_group(const model *m, const chains *c, const work *w)
{
    const int64_t dim = m->n_weights + m->n_unknowns;
    vec *q = w->position, *p = w->momentum, *g = w->gradient, value;
    take(m, w, q, c->position, dim);
    if (!c->n_steps)
        value = evaluate(m, w);
    else {
        take(m, w, p, c->momentum, dim);
        take(m, w, g, c->gradient, dim);
        take(m, w, w->variance, c->variance, c->stride);
        value = follow(m, w, take_one(w, c->step_size), c->n_steps);
        give(m, w, c->position, q, dim);
        give(m, w, c->momentum, p, dim);
    }
    give(m, w, c->gradient, g, dim);
    give_one(w, c->value, value, 1);
}

/* Cut n vectors off a block of memory. */
static inline vec *cut(vec **memory, int64_t n)
{
    vec *part = *memory;
    *memory += n;
    return part;
}

/* Lay out what groups need, and more arrays of a position's size; NULL without memory. */
static vec *prepare(const model *m, work *w, int64_t n_more, vec **more)
{
    int64_t n_units = 0, widest = 0;
    EACH(i, m->n_layers) {
        const layer *l = m->layers + i;
        n_units += l->n_out;
        widest = l->n_out > widest ? l->n_out : widest;
    }
    const int64_t n_hidden = m->layers[0].n_out, in_lanes = (n_hidden + LANES - 1) / LANES;
    w->wide = m->one_layer && n_hidden >= LANES;
    w->n = w->wide ? 3 * in_lanes + 1 : m->n_weights + m->n_unknowns;
    if (w->wide)
        n_units = (KEPT * in_lanes + TILE - 1) / TILE;
    const int64_t width = m->n_inputs + m->n_outputs + 1;
    const int64_t in_tile = width + 2 * n_units + 2 * widest;
    const int64_t all_in_all = (5 + n_more) * w->n + 2 * m->n_outputs + TILE * in_tile;
    vec *memory = aligned_alloc(sizeof(vec), sizeof(vec) * all_in_all), *rest = memory;
    if (!memory)
        return NULL;
    w->position = cut(&rest, w->n);
    w->momentum = cut(&rest, w->n);
    w->gradient = cut(&rest, w->n);
    w->variance = cut(&rest, w->n);
    w->prior_precision = cut(&rest, w->n);
    w->precision = cut(&rest, m->n_outputs);
    w->squares = cut(&rest, m->n_outputs);
    w->tile = cut(&rest, TILE * width);
    w->units = cut(&rest, TILE * n_units);
    w->slopes = cut(&rest, TILE * n_units);
    w->back[0] = cut(&rest, TILE * widest);
    w->back[1] = cut(&rest, TILE * widest);
    *more = rest;
    w->first = w->chains = 0, w->period = LANES;
    take(m, w, w->prior_precision, m->prior_precision, 0);
    return memory;
}

/* The next group: as many chains as lanes, or what is left, in copies. */
static void next_group(work *w, int64_t last)
{
    const int64_t left = last - w->first, most = w->wide ? 1 : LANES;
    w->chains = left < most ? left : most;
    for (w->period = 1; w->period < w->chains;)
        w->period *= 2;
}
