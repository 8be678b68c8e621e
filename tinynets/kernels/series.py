r"""Duals of any activation by Mehler's formula.

With the normalised Hermite polynomials h_n and a_n(q) = E[f(√q z) h_n(z)],
$E[f(u) f(v)] = \sum_n a_n(q_1) a_n(q_2) \rho^n$ for correlation ρ, and the covariance of the
slopes is its derivative with respect to k. For an analytic f the a_n fall off fast; what is cut
off is known, since all a_n² sum up to E[f(√q z)²].
"""

import functools
import math
from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from tinynets import checks
from tinynets._fast import arccos
from tinynets.kernels.duals import Dual, Moments

TOLERANCE = 1e-15  # of the terms left out, relative to the variance
KEPT = 1e-26  # the same of those kept for other variances, whose series may be longer
PARITY = 1e-17  # share of a term that is zero but for rounding
ROUNDING = 1e-13  # what may be missing of a sum over terms
MAX_TERMS = 300
DEGREE = 24  # in log q, of the interpolation of a coefficient over one cell
CELL = 4.0  # variances of one cell: 4^i to 4^(i + 1)
SMALLEST = 4.0**-24  # variance below which u is taken for that small
END = 13.0  # of the integrals over z; the normal density there is 1e-37
PANEL, NODES = 0.5, 16  # Gauss-Legendre rule on each panel; 0 is a boundary


@functools.lru_cache(maxsize=32)  # for the coefficients that it has gathered
def series(function: Callable[[Tensor], Tensor], *, max_terms: int = MAX_TERMS) -> Dual:
    """Return the dual of an activation that is given as a function.

    Parameters
    ----------
    function : callable
        Elementwise, on float64 tensors, and differentiable by autograd almost everywhere.
    max_terms : int
        Where the series is cut at the latest. A function with a kink needs more terms than
        anyone has; `Moments.error` says how much is missing.

    Returns
    -------
    Dual
        The `error` of its moments is the part of E[f²] that the terms left out carry at equal
        inputs, the most that they can add elsewhere. They count as one term of the next
        degree, so the error is zero again at equal inputs.

    References
    ----------
    Daniely, Frostig and Singer (2016), section 4; Han et al. (2022), section 3.
    """
    checks.count("max_terms", max_terms, at_least=2)
    table = _Table(function, max_terms)

    def moments(q1: Tensor, q2: Tensor, gap: Tensor, slopes: bool) -> Moments:
        rows1, rows2 = table.rows(q1, q2)
        s1, s2 = (q.clamp(min=SMALLEST).sqrt() for q in (q1, q2))
        k, dot = _sum(rows1[..., 2:], rows2[..., 2:], gap, s1, s2)
        new = (rows1[..., 0].sqrt() * rows2[..., 0].sqrt()).sub_(k).clamp_(min=0)
        equal = (gap == 0) & (q1 == q2)
        if slopes:
            dot = torch.where(equal, rows1[..., 1], dot)
        missing = max(_missing(rows1), _missing(rows2)) + table.integration
        return Moments(new.masked_fill_(equal, 0), dot if slopes else None, missing)

    return Dual(getattr(function, "__name__", "function"), table.variance, moments)


def polynomial(coefficients: Sequence[float]) -> Dual:
    """Return the dual of f(u) = c0 + c1 u + c2 u² + ..., exactly.

    Parameters
    ----------
    coefficients : sequence of float
        c0, c1, c2, ...: one or more.

    Returns
    -------
    Dual
        Its closed form.

    Raises
    ------
    ValueError
        If there is no coefficient.
    """
    values = [float(checks.number("coefficients", c)) for c in coefficients]
    if not values:
        raise ValueError("coefficients must name the constant at least, got none")
    change = _monomials_in_hermite(len(values))  # (n_terms, n_terms)

    def terms(q: Tensor) -> Tensor:
        powers = torch.stack([c * q ** (m / 2) for m, c in enumerate(values)], -1)
        return powers @ change.to(q)

    def variance(q: Tensor) -> Tensor:
        return terms(q).square().sum(-1)

    def moments(q1: Tensor, q2: Tensor, gap: Tensor, slopes: bool) -> Moments:
        first, second = q1.clamp(min=SMALLEST), q2.clamp(min=SMALLEST)
        k, dot = _sum(terms(first), terms(second), gap, first.sqrt(), second.sqrt())
        new = (variance(q1).sqrt() * variance(q2).sqrt()).sub(k).clamp_(min=0)
        return Moments(new.masked_fill_((gap == 0) & (q1 == q2), 0), dot if slopes else None)

    return Dual(f"polynomial({', '.join(f'{c:g}' for c in values)})", variance, moments)


def hermite(degree: int) -> Dual:
    """Return the dual of the normalised Hermite polynomial h_n: for unit variances ρⁿ.

    Parameters
    ----------
    degree : int
        n, 0 or above.

    Returns
    -------
    Dual
        Its closed form.
    """
    checks.count("degree", degree, at_least=0)
    powers = np.polynomial.hermite_e.herme2poly([0] * degree + [1])
    return polynomial((powers / math.sqrt(math.factorial(degree))).tolist())


def _sum(
    first: Tensor, second: Tensor, gap: Tensor, s1: Tensor, s2: Tensor
) -> tuple[Tensor, Tensor]:
    """Return sum_n a_n b_n rho^n and its derivative with respect to k, by Horner's scheme."""
    parity = _parity(first, second)
    done = arccos.hermite_sums(gap, s1, s2, first, second, parity)
    if done is not None:
        return done[0], done[1].div_(s1 * s2)
    rho = 1 - gap / (s1 * s2)
    value, slope = torch.zeros_like(rho), torch.zeros_like(rho)
    for n in reversed(range(first.shape[-1])):
        slope.mul_(rho).add_(value)
        value.mul_(rho).addcmul_(first[..., n], second[..., n])
    return value, slope.div_(s1 * s2)


def _parity(first: Tensor, second: Tensor) -> int | None:
    """Return 0 if all products of coefficients of odd degree are nothing, 1 of even ones."""
    both = [t.reshape(-1, t.shape[-1]).abs().amax(0) for t in (first, second)]
    share = both[0] * both[1] / (both[0].norm() * both[1].norm()).clamp(min=1e-300)
    for parity in (0, 1):
        if (share[1 - parity :: 2] < PARITY).all():
            return parity
    return None


@functools.cache
def _monomials_in_hermite(n_terms: int) -> Tensor:
    """Row m: the coefficients of z^m in h_0, h_1, ...."""
    table = torch.zeros(n_terms, n_terms, dtype=torch.float64, device="cpu")
    for m in range(n_terms):
        for j in range(m // 2 + 1):
            n = m - 2 * j
            ways = math.factorial(m) / (2**j * math.factorial(j) * math.sqrt(math.factorial(n)))
            table[m, n] = ways
    return table


class _Cell:
    """Coefficients of one range of variances, as polynomials in log q."""

    def __init__(self, function: Callable[[Tensor], Tensor], index: int, max_terms: int):
        nodes = np.cos(np.pi * (np.arange(DEGREE + 1) + 0.5) / (DEGREE + 1))
        q = torch.from_numpy(CELL ** (index + (nodes + 1) / 2))
        panel, values = PANEL, _integrals(function, q, PANEL, 1)[0]
        for _ in range(5):
            panel /= 2
            finer = _integrals(function, q, panel, 1)[0]
            off = (finer - values).abs() / finer.clamp(min=1e-300)
            values, self.integration = finer, off[:, 0].max().item()
            if off.max() < 1e-14:
                break
        rough = _integrals(function, q, panel * 2, max_terms)[1]
        self.n_terms = _enough(rough.square() / values[:, :1].clamp(min=1e-300), KEPT)
        rough = torch.cat([values, rough[:, : self.n_terms]], -1)
        vandermonde = torch.from_numpy(np.polynomial.chebyshev.chebvander(nodes, DEGREE))
        self.table = torch.linalg.solve(vandermonde, rough)  # (DEGREE + 1, 2 + n_terms)
        self.index = index

    def __call__(self, q: Tensor) -> Tensor:
        """Return E[f²], E[f'²] and the coefficients, (n, 2 + n_terms)."""
        x = 2 * (q.log() / math.log(CELL) - self.index) - 1
        columns = [torch.ones_like(x), x]
        for _ in range(DEGREE - 1):
            columns.append(2 * x * columns[-1] - columns[-2])
        return torch.stack(columns, -1) @ self.table.to(q.device)


def _enough(shares: Tensor, tolerance: float = TOLERANCE) -> int:
    """Return how many terms carry all of E[f²], given the share of each, (nodes, max_terms).

    What the shares lack of one is counted as cut off too, unless it is rounding.
    """
    after = shares.flip(-1).cumsum(-1).flip(-1) - shares
    lacking = 1 - shares.sum(-1, keepdim=True)
    cut_off = (after + torch.where(lacking > ROUNDING, lacking, 0)).amax(0)
    found = (cut_off <= tolerance).nonzero()
    return int(found[0]) + 1 if len(found) else shares.shape[-1]


class _Table:
    """Coefficients for any variance; cells are filled when they are first asked for."""

    def __init__(self, function: Callable[[Tensor], Tensor], max_terms: int):
        self.function, self.max_terms = function, max_terms
        self.cells: dict[int, _Cell] = {}

    def rows(self, *variances: Tensor) -> list[Tensor]:
        """Return E[f²], E[f'²], the coefficients and the remainder for each tensor of variances.

        Their shapes are (*q.shape, 3 + n_terms), with as many terms as the longest series
        needs: a product of coefficients is only small where both factors are.
        """
        flat = torch.cat([q.reshape(-1) for q in variances]).double().clamp(min=SMALLEST)
        which = (flat.log() / math.log(CELL)).floor().long()
        cells = [(index, which == index) for index in which.unique().tolist()]
        for index, _ in cells:
            if index not in self.cells:
                self.cells[index] = _Cell(self.function, index, self.max_terms)
        n_terms = max((self.cells[index].n_terms for index, _ in cells), default=1)
        rows = flat.new_zeros(len(flat), 3 + n_terms)
        for index, here in cells:
            rows[here, : 2 + self.cells[index].n_terms] = self.cells[index](flat[here])
        if len(flat):  # the cell's largest variance may have needed more
            shares = rows[:, 2:-1].square() / rows[:, :1].clamp(min=1e-300)
            rows = rows[:, : 3 + _enough(shares)]
        left = rows[:, 0] - rows[:, 2:-1].square().sum(-1)
        rows[:, -1] = left.clamp_(min=0).sqrt_()
        parts = rows.split([q.numel() for q in variances])
        return [
            part.reshape(*q.shape, -1).to(q.dtype) for part, q in zip(parts, variances, strict=True)
        ]

    def variance(self, q: Tensor) -> Tensor:
        return self.rows(q)[0][..., 0]

    @property
    def integration(self) -> float:
        """Relative change of E[f²] when its integration rule was last made finer."""
        return max((cell.integration for cell in self.cells.values()), default=0.0)


def _missing(rows: Tensor) -> float:
    """Return the largest part of E[f²] that is in the remainder."""
    return (rows[..., -1].square() / rows[..., 0].clamp(min=1e-300)).max().item()


def _integrals(
    function: Callable[[Tensor], Tensor], q: Tensor, panel: float, n_terms: int
) -> tuple[Tensor, Tensor]:
    """Return (E[f²], E[f'²]), (nodes, 2), and the coefficients, (nodes, n_terms)."""
    x, weight = np.polynomial.legendre.leggauss(NODES)
    left = np.arange(-END, END, panel)[:, None]
    z = torch.from_numpy((left + panel * (x + 1) / 2).reshape(-1))
    weight = torch.from_numpy(np.tile(weight * panel / 2, len(left)))
    weight = weight * torch.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)
    u = (q[:, None].sqrt() * z).requires_grad_()
    with torch.enable_grad():
        f = function(u)
        (slope,) = torch.autograd.grad(f.sum(), u)
    f = f.detach()
    squares = torch.stack([f.square() @ weight, slope.square() @ weight], -1)
    return squares, f @ (_hermite(z, n_terms) * weight[:, None])


def _hermite(z: Tensor, n_terms: int) -> Tensor:
    """Return the normalised Hermite polynomials at z, (len(z), n_terms)."""
    columns = [torch.ones_like(z), z]
    for n in range(1, n_terms - 1):
        columns.append((z * columns[-1] - math.sqrt(n) * columns[-2]) / math.sqrt(n + 1))
    return torch.stack(columns[:n_terms], -1)
