/* Nets of one input, one hidden layer of tanh or ReLU, and one Gaussian output.
 *
 * They have loops of their own, two to three times as fast as the general ones:
 * with so little to multiply, what counts is that nothing goes through memory. Few
 * units keep all sums in registers; many units of one chain lie in the lanes. */
#define KEPT 16 /* examples whose hidden units are kept */

INLINE real total(vec v)
{
    for (int half = LANES / 2; half; half /= 2)
        for (int l = 0; l < half; l++) v[l] += v[l + half];
    return v[0];
}

/* Multiply by the activation's slope, read off its value. */
INLINE vec through(enum activation kind, vec hidden, vec back)
{
    return kind == RELU ? where(hidden > 0, back, (vec){0}) : back * (1 - hidden * hidden);
}

/* A chain's units in the lanes: its W1, b1, W2 and b2 in whole vectors, filled up
 * with zeros, which stay, since their gradients are zero. */
INLINE void by_units(enum activation kind, const model *m, const work *w)
{
    const int64_t width = (w->n - 1) / 3;
    const vec *w1 = w->position, *b1 = w1 + width, *w2 = b1 + width;
    vec *g_w1 = w->gradient, *g_b1 = g_w1 + width, *g_w2 = g_b1 + width;
    vec *hidden = w->units, slope;
    real squares = 0, b2 = w2[width][0], g_b2 = 0, scaled[KEPT];
    for (int64_t first = 0; first < m->n_examples; first += KEPT) {
        const real *data = m->data + 3 * first;
        const int64_t left = m->n_examples - first, n = left < KEPT ? left : KEPT;
        EACH(i, n) {
            vec output = {0}, *unit = hidden + i * width;
            EACH(j, width) {
                unit[j] = activated(kind, w1[j] * data[3 * i] + b1[j], &slope);
                output += w2[j] * unit[j];
            }
            real residual = data[3 * i + 1] - total(output) - b2;
            scaled[i] = residual * w->precision[0][0] * data[3 * i + 2];
            squares += residual * scaled[i];
            g_b2 += scaled[i];
        }
        EACH(j, width) {
            vec d_w1 = {0}, d_b1 = {0}, d_w2 = {0};
            EACH(i, n) {
                vec unit = hidden[i * width + j];
                vec back = through(kind, unit, scaled[i] * w2[j]);
                d_w2 += scaled[i] * unit;
                d_b1 += back;
                d_w1 += back * data[3 * i];
            }
            g_w2[j] += d_w2;
            g_b1[j] += d_b1;
            g_w1[j] += d_w1;
        }
    }
    g_w2[width][0] = g_b2;
    w->squares[0] = all(squares);
}

/* Chains in the lanes; everything that is indexed by a unit is in registers. */
INLINE void few_units(enum activation kind, const model *m, const work *w, const int64_t h)
{
    const int shared = w->period < LANES;
    const int64_t copies = LANES / w->period, n = (m->n_examples + copies - 1) / copies;
    const vec *rows = shared ? (const vec *)m->rows[__builtin_ctzll(w->period)] : NULL;
    vec q[19], sums[19] = {0}, hidden[6], slope, squares = {0}; /* W1, b1, W2, b2 */
    memcpy(q, w->position, (3 * h + 1) * sizeof(vec));
    EACH(i, n) {
        const vec x = shared ? rows[3 * i] : all(m->data[3 * i]);
        const vec y = shared ? rows[3 * i + 1] : all(m->data[3 * i + 1]);
        const vec share = shared ? rows[3 * i + 2] : all(m->data[3 * i + 2]);
        vec output = q[3 * h];
        UNROLL for (int j = 0; j < h; j++) {
            hidden[j] = activated(kind, q[j] * x + q[h + j], &slope);
            output += q[2 * h + j] * hidden[j];
        }
        vec residual = y - output, scaled = residual * w->precision[0] * share;
        squares += residual * scaled;
        sums[3 * h] += scaled;
        UNROLL for (int j = 0; j < h; j++) {
            vec back = through(kind, hidden[j], scaled * q[2 * h + j]);
            sums[2 * h + j] += scaled * hidden[j];
            sums[h + j] += back;
            sums[j] += back * x;
        }
    }
    memcpy(w->gradient, sums, (3 * h + 1) * sizeof(vec));
    w->squares[0] = squares;
}

#define UNITS(h) case h: \
    if (kind == RELU) few_units(RELU, m, w, h); \
    else few_units(TANH, m, w, h); \
    return 1;

/* Squares and gradient where this file's loops apply; 0 where they do not. */
static int over_one_layer(const model *m, const work *w)
{
    const enum activation kind = m->layers[0].activation;
    if (w->wide) {
        if (kind == RELU) by_units(RELU, m, w);
        else by_units(TANH, m, w);
        return 1;
    }
    switch (m->one_layer ? m->layers[0].n_out : 0) {
        UNITS(1) UNITS(2) UNITS(3) UNITS(4) UNITS(5) UNITS(6)
    }
    return 0;
}
