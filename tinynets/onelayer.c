/* Leapfrog steps of one-hidden-layer posteriors, a lane of a vector a chain.
 *
 * The density is that of tinynets.bnn.Posterior with a fixed noise:
 *   constant - 1/2 [ (y - f(x))^2 precision + sum_k prior_k theta_k^2 ],
 *   f(x) = W2 phi(W1 x + b1) + b2, one output, theta = (W1, b1, W2, b2).
 * Compiled and called by tinynets/native.py. All arrays are row-major.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define LANES 8
typedef double vec __attribute__((vector_size(8 * LANES)));
typedef int64_t ivec __attribute__((vector_size(8 * LANES)));

typedef struct {
    int64_t n_inputs, n_hidden, n_examples, relu;
    const double *x, *y, *prior_precision;
    double noise_precision, constant;
} model;

static inline vec choose(ivec mask, vec one, vec other)
{
    return (vec)((mask & (ivec)one) | (~mask & (ivec)other));
}

static inline vec exp_of(vec t)
{
    /* exp(t) = 2^n exp(r), |r| <= ln(2) / 2; adding 1.5 * 2^52 rounds. */
    const vec shift = (vec){0} + 6755399441055744.0;
    vec rounded = t * 1.4426950408889634 + shift;
    vec n = rounded - shift;
    vec r = (t - n * 6.93147180369123816490e-01) - n * 1.90821492927058770002e-10;
    static const double inverse_factorials[] = {
        1.0 / 39916800, 1.0 / 3628800, 1.0 / 362880, 1.0 / 40320,
        1.0 / 5040, 1.0 / 720, 1.0 / 120, 1.0 / 24, 1.0 / 6, 0.5, 1.0, 1.0};
    vec series = (vec){0} + 1.0 / 479001600;
    for (int k = 0; k < 12; k++)
        series = series * r + inverse_factorials[k];
    return series * (vec)(((ivec)rounded + 1023) << 52);
}

/* tanh = 1 - 2 / (exp(2z) + 1) of four at once, absolute error 2e-16.
 *
 * Division is slow: the four share one, 1 / (a b c d). */
static inline void tanh_of_four(vec *z)
{
    vec a[4];
    for (int k = 0; k < 4; k++) {
        vec t = choose(z[k] > 20.0, (vec){0} + 20, z[k]);
        a[k] = exp_of(2 * choose(t < -20.0, (vec){0} - 20, t)) + 1;
    }
    vec ab = a[0] * a[1], cd = a[2] * a[3], both = 2 / (ab * cd);
    z[0] = 1 - both * cd * a[1];
    z[1] = 1 - both * cd * a[0];
    z[2] = 1 - both * ab * a[3];
    z[3] = 1 - both * ab * a[2];
}

/* Activations of the hidden units for one example. */
static inline void activate(const model *m, const vec *w1, const vec *b1,
                            const double *x, vec *hidden)
{
    const int64_t d = m->n_inputs, h = m->n_hidden;
    for (int64_t j = 0; j < h; j++) {
        vec z = b1[j];
        for (int64_t k = 0; k < d; k++)
            z += w1[j * d + k] * x[k];
        hidden[j] = m->relu ? choose(z > 0.0, z, (vec){0}) : z;
    }
    for (int64_t j = 0; j < h && !m->relu; j += 4)
        tanh_of_four(hidden + j); /* `hidden` has room for 3 more */
}

/* Gradient of the log density at `theta`, and its value. */
static vec value_and_grad(const model *m, const vec *theta, vec *grad,
                          vec *hidden)
{
    const int64_t d = m->n_inputs, h = m->n_hidden;
    const vec zero = {0}, *w1 = theta, *b1 = w1 + h * d, *w2 = b1 + h;
    const vec b2 = w2[h];
    vec *g_w1 = grad, *g_b1 = g_w1 + h * d, *g_w2 = g_b1 + h;
    vec squares = zero, prior = zero;
    for (int64_t k = 0; k < h * d + 2 * h + 1; k++) {
        vec pulled = theta[k] * m->prior_precision[k];
        grad[k] = -pulled;
        prior += pulled * theta[k];
    }
    for (int64_t i = 0; i < m->n_examples; i++) {
        const double *x = m->x + i * d;
        vec output = b2;
        activate(m, w1, b1, x, hidden);
        for (int64_t j = 0; j < h; j++)
            output += w2[j] * hidden[j];
        vec residual = m->y[i] - output;
        vec scaled = residual * m->noise_precision;
        squares += residual * scaled;
        g_w2[h] += scaled;
        for (int64_t j = 0; j < h; j++) {
            vec slope = m->relu ? choose(hidden[j] > zero, zero + 1, zero)
                                : 1 - hidden[j] * hidden[j];
            vec back = scaled * w2[j] * slope;
            g_w2[j] += scaled * hidden[j];
            g_b1[j] += back;
            for (int64_t k = 0; k < d; k++)
                g_w1[j * d + k] += back * x[k];
        }
    }
    return m->constant - 0.5 * (squares + prior);
}

static void gather(vec *into, const double *from, int64_t lanes, int64_t dim)
{
    memset(into, 0, dim * sizeof(vec));
    for (int64_t l = 0; l < lanes; l++)
        for (int64_t k = 0; k < dim; k++)
            into[k][l] = from[l * dim + k];
}

static void scatter(double *into, const vec *from, int64_t lanes, int64_t dim)
{
    for (int64_t l = 0; l < lanes; l++)
        for (int64_t k = 0; k < dim; k++)
            into[l * dim + k] = from[k][l];
}

/* Make `n_steps` leapfrog steps of all chains, in place; without any, only
 * evaluate. `step_size` is (chains,); `variance` is (dim,) or, with a stride
 * of dim, (chains, dim). Returns 0, or 1 if there is no memory. */
int leapfrog(const model *m, int64_t chains, int64_t n_steps,
             const double *step_size, const double *variance, int64_t stride,
             double *position, double *momentum, double *value,
             double *gradient)
{
    const int64_t h = m->n_hidden, dim = h * m->n_inputs + 2 * h + 1;
    vec *q = aligned_alloc(sizeof(vec), (4 * dim + h + 3) * sizeof(vec));
    if (!q)
        return 1;
    memset(q, 0, (4 * dim + h + 3) * sizeof(vec));
    vec *p = q + dim, *g = p + dim, *inverse = g + dim, *hidden = g + 2 * dim;
    for (int64_t first = 0; first < chains; first += LANES) {
        int64_t lanes = chains - first < LANES ? chains - first : LANES;
        int64_t at = first * dim;
        vec epsilon = {0}, density = {0};
        gather(q, position + at, lanes, dim);
        if (!n_steps)
            density = value_and_grad(m, q, g, hidden);
        else {
            memcpy(&epsilon, step_size + first, lanes * sizeof(double));
            gather(p, momentum + at, lanes, dim);
            gather(g, gradient + at, lanes, dim);
            for (int64_t l = 0; l < lanes; l++)
                for (int64_t k = 0; k < dim; k++)
                    inverse[k][l] = variance[(first + l) * stride + k];
            for (int64_t k = 0; k < dim; k++)
                p[k] += 0.5 * epsilon * g[k];
        }
        for (int64_t s = 0; s < n_steps; s++) {
            for (int64_t k = 0; k < dim; k++)
                q[k] += epsilon * inverse[k] * p[k];
            density = value_and_grad(m, q, g, hidden);
            double whole = s + 1 < n_steps ? 1.0 : 0.5;
            for (int64_t k = 0; k < dim; k++)
                p[k] += whole * epsilon * g[k];
        }
        if (n_steps) {
            scatter(position + at, q, lanes, dim);
            scatter(momentum + at, p, lanes, dim);
        }
        scatter(gradient + at, g, lanes, dim);
        memcpy(value + first, &density, lanes * sizeof(double));
    }
    free(q);
    return 0;
}
