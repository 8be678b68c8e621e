/* A step of the No-U-Turn Sampler for a group of chains: the loops of
 * tinynets/samplers/_nuts.py, which explains them, leaf by leaf. */

typedef struct {
    int64_t max_depth;
    const real *direction, *join, *merge; /* (max_depth, chains), in [0, 1) */
    real *error, *acceptance, *n_leaves, *divergent; /* (chains,) */
} tree_arrays;

typedef struct {
    vec *q, *p, *g;
} point;

/* Leaves in a row: momenta of the first, the last and all, and the leaf drawn. */
typedef struct {
    vec *first, *last, *total, *q, *g;
    vec value, error, log_weight;
} subtree;

INLINE vec log_add(vec a, vec b)
{
    vec top = most(a, b);
    return top + log_of(exp_of(a - top) + exp_of(b - top));
}

/* Whether two subtrees together turn, or one with the other's nearest leaf. */
static mask has_turned(const work *w, const subtree *left, const subtree *right)
{
    vec dot[6] = {0};
    EACH(k, w->n) {
        const vec v = w->variance[k], a = left->first[k], b = left->last[k];
        const vec c = right->first[k], d = right->last[k], l = left->total[k];
        const vec r = right->total[k], half = all(0.5);
        const vec whole = v * (l + r - half * (a + d));
        const vec early = v * (l + c - half * (a + c)), late = v * (b + r - half * (b + d));
        dot[0] += whole * a, dot[1] += whole * d;
        dot[2] += early * a, dot[3] += early * c;
        dot[4] += late * b, dot[5] += late * d;
    }
    mask turned = {0};
    for (int i = 0; i < 6; i++)
        turned |= (w->wide ? all(total(dot[i])) : dot[i]) <= 0;
    return turned;
}

/* Add `right` at the end of `left`, its leaf where it is taken. */
static void append(const work *w, subtree *left, const subtree *right, mask taken)
{
    EACH(k, w->n) {
        left->last[k] = right->last[k];
        left->total[k] += right->total[k];
        left->q[k] = where(taken, right->q[k], left->q[k]);
        left->g[k] = where(taken, right->g[k], left->g[k]);
    }
    left->value = where(taken, right->value, left->value);
    left->error = where(taken, right->error, left->error);
}

static mask merge(const work *w, subtree *left, const subtree *right, vec uniform)
{
    const mask turned = has_turned(w, left, right);
    const vec log_weight = log_add(left->log_weight, right->log_weight);
    append(w, left, right, uniform < exp_of(right->log_weight - log_weight));
    left->log_weight = log_weight;
    return turned;
}

static void copy_leaf(const work *w, subtree *into, const subtree *leaf)
{
    EACH(k, w->n) {
        into->first[k] = into->last[k] = into->total[k] = leaf->first[k];
        into->q[k] = leaf->q[k];
        into->g[k] = leaf->g[k];
    }
    into->value = leaf->value, into->error = leaf->error, into->log_weight = leaf->log_weight;
}

typedef struct {
    mask growing;
    vec divergent, acceptance, n_leaves;
} tally;

/* Add 2^depth leaves from where `work` stands; they end up in slots[depth].
 *
 * slots[level] holds the subtree of 2^level leaves that waits for its sibling. */
static void grow(const model *m, const work *w, const tree_arrays *t, int64_t n_chains,
                 int64_t depth, vec step, vec start, subtree *slots, tally *tally)
{
    vec *q = w->position, *p = w->momentum, *g = w->gradient;
    for (int64_t leaf = 0; leaf < (int64_t)1 << depth && any(tally->growing); leaf++) {
        EACH(k, w->n) {
            p[k] += step / 2 * g[k];
            q[k] += step * w->variance[k] * p[k];
        }
        vec value = evaluate(m, w);
        EACH(k, w->n) p[k] += step / 2 * g[k];
        const vec error = kinetic(w, p) - value - start;
        const vec one = where(tally->growing, all(1), (vec){0});
        const mask stays = error < (real)MOST_ENERGY_ERROR;
        tally->n_leaves += one;
        tally->acceptance += where(error == error, one * exp_of(least(-error, (vec){0})), (vec){0});
        tally->divergent = where(stays, tally->divergent, most(tally->divergent, one));
        tally->growing &= stays;
        subtree newest = {p, p, p, q, g, value, error, -error}, *right = &newest;
        int64_t level = 0;
        for (; leaf >> level & 1; level++) {
            const vec uniform = take_one(w, t->merge + level * n_chains);
            tally->growing &= ~merge(w, slots + level, right, uniform);
            right = slots + level;
        }
        if (level) { /* to where it waits */
            subtree swapped = slots[level];
            slots[level] = slots[level - 1];
            slots[level - 1] = swapped;
        } else
            copy_leaf(w, slots, right);
    }
}

INLINE void choose(const work *w, mask test, point into, point yes, point no)
{
    EACH(k, w->n) {
        into.q[k] = where(test, yes.q[k], no.q[k]);
        into.p[k] = where(test, yes.p[k], no.p[k]);
        into.g[k] = where(test, yes.g[k], no.g[k]);
    }
}

INLINE subtree cut_subtree(const work *w, vec **memory)
{
    subtree s = {0};
    s.first = cut(memory, w->n), s.last = cut(memory, w->n), s.total = cut(memory, w->n);
    s.q = cut(memory, w->n), s.g = cut(memory, w->n);
    return s;
}

/* How many arrays a tree needs: two ends, itself, and a slot for each level. */
static int64_t tree_size(int64_t max_depth) { return 6 + 5 + 5 * (max_depth + 1); }

static void nuts_of_group(const model *m, const chains *c, const tree_arrays *t,
                          const work *w, vec *memory)
{
    const int64_t dim = m->n_weights + m->n_unknowns, n = w->n;
    const point now = {w->position, w->momentum, w->gradient};
    const point left = {cut(&memory, n), cut(&memory, n), cut(&memory, n)};
    const point right = {cut(&memory, n), cut(&memory, n), cut(&memory, n)};
    subtree tree = cut_subtree(w, &memory), slots[64];
    EACH(level, t->max_depth + 1) slots[level] = cut_subtree(w, &memory);
    take(m, w, now.q, c->position, dim);
    take(m, w, now.p, c->momentum, dim);
    take(m, w, now.g, c->gradient, dim);
    take(m, w, w->variance, c->variance, c->stride);
    const vec size = take_one(w, c->step_size), value = take_one(w, c->value);
    const vec start = kinetic(w, now.p) - value;
    const mask every = (vec){0} == (vec){0};
    tally tally = {every, {0}, {0}, {0}};
    copy_leaf(w, &tree, &(subtree){now.p, now.p, now.p, now.q, now.g, value, {0}, {0}});
    choose(w, every, left, now, now);
    choose(w, every, right, now, now);
    for (int64_t depth = 0; depth < t->max_depth; depth++) {
        const int64_t row = depth * c->n_chains;
        const mask forward = take_one(w, t->direction + row) < (real)0.5;
        choose(w, forward, now, right, left);
        EACH(k, n) {
            tree.first[k] = where(forward, left.p[k], right.p[k]);
            tree.last[k] = now.p[k];
        }
        grow(m, w, t, c->n_chains, depth, where(forward, size, -size), start, slots, &tally);
        if (!any(tally.growing))
            break;
        const subtree *branch = slots + depth;
        const mask turned = has_turned(w, &tree, branch);
        const vec ratio = exp_of(branch->log_weight - tree.log_weight);
        append(w, &tree, branch, tally.growing & (take_one(w, t->join + row) < ratio));
        tree.log_weight = log_add(tree.log_weight, branch->log_weight);
        choose(w, forward, right, now, right);
        choose(w, forward, left, left, now);
        tally.growing &= ~turned;
        if (!any(tally.growing))
            break;
    }
    give(m, w, c->position, tree.q, dim);
    give(m, w, c->gradient, tree.g, dim);
    give_one(w, c->value, tree.value, 1);
    give_one(w, t->error, tree.error, 1);
    give_one(w, t->acceptance, tally.acceptance, 1);
    give_one(w, t->n_leaves, tally.n_leaves, 1);
    give_one(w, t->divergent, tally.divergent, 1);
}
