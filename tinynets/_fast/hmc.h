/* Steps of Hamiltonian Monte Carlo for a group of chains, draw by draw: those of
 * tinynets/samplers/_hmc.py; with one leapfrog step _mala.py; uncorrected _ula.py. */

typedef struct {
    int64_t n_draws, corrected;
    const int64_t *n_leapfrog;      /* (draws,) */
    const real *momentum, *uniform; /* (draws, chains, dim), (draws, chains) in [0, 1) */
    real *position, *value;         /* (chains, draws, dim), (chains, draws) as what follows */
    real *acceptance, *accepted, *energy, *error, *divergent;
} draw_arrays;

/* min(1, exp(-error)), and 0 where that is less than a real holds or not a number. */
INLINE vec acceptance_of(vec error)
{
    return where(error < (NARROW ? 87 : 708), exp_of(least(-error, (vec){0})), (vec){0});
}

/* Whether value and gradient are finite in each lane. */
INLINE mask is_finite(const work *w, vec value)
{
    vec sum = {0};
    EACH(k, w->n) sum += w->gradient[k];
    value += w->wide ? all(total(sum)) : sum;
    return value - value == 0;
}

static void hamiltonian_of_group(const model *m, const chains *c, const draw_arrays *t,
                                 const work *w, vec *memory)
{
    const int64_t dim = m->n_weights + m->n_unknowns, n = w->n, n_draws = t->n_draws;
    const vec one = all(1), none = {0}, step = take_one(w, c->step_size);
    vec *q = w->position, *p = w->momentum, *g = w->gradient, value = take_one(w, c->value);
    vec *old_q = cut(&memory, n), *old_g = cut(&memory, n);
    take(m, w, q, c->position, dim);
    take(m, w, g, c->gradient, dim);
    take(m, w, w->variance, c->variance, c->stride);
    EACH(d, n_draws) {
        take(m, w, p, t->momentum + d * c->n_chains * dim, dim);
        memcpy(old_q, q, n * sizeof(vec));
        memcpy(old_g, g, n * sizeof(vec));
        const vec energy = kinetic(w, p) - value, uniform = take_one(w, t->uniform + d * c->n_chains);
        const vec proposed = follow(m, w, step, t->n_leapfrog[d]);
        const vec error = kinetic(w, p) - proposed - energy, acceptance = acceptance_of(error);
        const mask accepted = t->corrected ? uniform < acceptance : is_finite(w, proposed);
        const mask stays = t->corrected ? error < (real)MOST_ENERGY_ERROR : accepted;
        EACH(k, n) {
            q[k] = where(accepted, q[k], old_q[k]);
            g[k] = where(accepted, g[k], old_g[k]);
        }
        value = where(accepted, proposed, value);
        give(m, w, t->position + d * dim, q, n_draws * dim);
        give_one(w, t->value + d, value, n_draws);
        give_one(w, t->acceptance + d, acceptance, n_draws);
        give_one(w, t->accepted + d, where(accepted, one, none), n_draws);
        give_one(w, t->energy + d, where(accepted, energy + error, energy), n_draws);
        give_one(w, t->error + d, error, n_draws);
        give_one(w, t->divergent + d, where(stays, none, one), n_draws);
    }
    give(m, w, c->position, q, dim);
    give(m, w, c->gradient, g, dim);
    give_one(w, c->value, value, 1);
}
