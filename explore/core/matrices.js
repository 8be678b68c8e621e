// Small symmetric matrices, as arrays of rows.

// The lower Cholesky factor.
export function cholesky(matrix) {
  const factor = matrix.map((row) => new Float64Array(row.length));
  for (let i = 0; i < matrix.length; i++) for (let j = 0; j <= i; j++) {
    let sum = matrix[i][j];
    for (let k = 0; k < j; k++) sum -= factor[i][k] * factor[j][k];
    factor[i][j] = i === j ? Math.sqrt(sum) : sum / factor[j][j];
  }
  return factor;
}

// L⁻¹ v for a lower factor L.
export function forward(factor, v) {
  const out = Float64Array.from(v);
  for (let i = 0; i < out.length; i++) {
    for (let k = 0; k < i; k++) out[i] -= factor[i][k] * out[k];
    out[i] /= factor[i][i];
  }
  return out;
}

// Eigenvalues and eigenvectors, one a row, by Jacobi's rotations:
// Golub and Van Loan, Matrix Computations, algorithm 8.5.3.
export function eigen(matrix) {
  const n = matrix.length, a = matrix.map((row) => Float64Array.from(row));
  const vectors = matrix.map((_, i) => Float64Array.from(matrix, (_, j) => Number(i === j)));
  for (let sweep = 0; sweep < 60; sweep++) {
    let turned = false;
    for (let p = 0; p < n; p++) for (let q = p + 1; q < n; q++) {
      if (Math.abs(a[p][q]) <= 1e-18 * Math.sqrt(Math.abs(a[p][p] * a[q][q]))) continue;
      turned = true;
      const tau = (a[q][q] - a[p][p]) / (2 * a[p][q]);
      const t = (tau < 0 ? -1 : 1) / (Math.abs(tau) + Math.hypot(1, tau));
      const c = 1 / Math.hypot(1, t), s = t * c;
      for (let k = 0; k < n; k++) {
        [a[k][p], a[k][q]] = [c * a[k][p] - s * a[k][q], s * a[k][p] + c * a[k][q]];
      }
      for (const m of [a, vectors]) for (let k = 0; k < n; k++) {
        [m[p][k], m[q][k]] = [c * m[p][k] - s * m[q][k], s * m[p][k] + c * m[q][k]];
      }
      a[p][q] = a[q][p] = 0;
    }
    if (!turned) break;
  }
  return { values: a.map((row, i) => row[i]), vectors };
}

export const dot = (a, b) => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
};
