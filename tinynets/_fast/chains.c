/* Chains over posteriors of small nets: what Python calls.
 *
 * Compiled and called by build.py and chains.py beside it, once with REAL
 * double and once with float. All arrays are row-major. Chains from `first` to
 * before `last` are worked on; 0 is returned, or 1 if there is no memory. */
#include "trajectory.h"
#include "hmc.h"
#include "nuts.h"

int64_t lanes(void) { return LANES; }

/* Make `n_steps` leapfrog steps in place; without any, only evaluate. */
int leapfrog(const model *m, const chains *c, int64_t first, int64_t last)
{
    work w;
    vec *none, *memory = prepare(m, &w, 0, &none);
    if (!memory)
        return 1;
    for (w.first = first; w.first < last; w.first += w.chains) {
        next_group(&w, last);
        leapfrog_of_group(m, c, &w);
    }
    free(memory);
    return 0;
}

/* Make draws of HMC, MALA or ULA; position, value and gradient are the last one's. */
int hamiltonian(const model *m, const chains *c, const draw_arrays *t, int64_t first,
                int64_t last)
{
    work w;
    vec *old, *memory = prepare(m, &w, 2, &old);
    if (!memory)
        return 1;
    for (w.first = first; w.first < last; w.first += w.chains) {
        next_group(&w, last);
        hamiltonian_of_group(m, c, t, &w, old);
    }
    free(memory);
    return 0;
}

/* Replace position, value and gradient by what a No-U-Turn step draws. */
int no_u_turn(const model *m, const chains *c, const tree_arrays *t, int64_t first,
              int64_t last)
{
    work w;
    vec *trees, *memory = prepare(m, &w, tree_size(t->max_depth), &trees);
    if (!memory)
        return 1;
    for (w.first = first; w.first < last; w.first += w.chains) {
        next_group(&w, last);
        nuts_of_group(m, c, t, &w, trees);
    }
    free(memory);
    return 0;
}
