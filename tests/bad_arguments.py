"""Calls of the package with one argument that is wrong, made from the examples in docstrings.

An example is a call that works; `MORE` has those of functions whose docstrings have none. Each argument in it is replaced by each value of
`BAD`, and the example is run: what comes of it is a result, or an error that the
package raises itself.
"""

import ast
import contextlib
import copy
import doctest
import functools
import importlib
import inspect
import io
import math
import pkgutil
import tempfile
import warnings
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

import tinynets
from tinynets import bnn, nets, vae

PACKAGE = Path(tinynets.__file__).resolve().parent
# A fit or a factorisation that fails in its numbers says so too.
OURS = (TypeError, ValueError, ArithmeticError, torch.linalg.LinAlgError)
BAD = {
    "None": None,
    "a text": "seven",
    "-1": -1,
    "0": 0,
    "2.5": 2.5,
    "NaN": math.nan,
    "a list": [1, "two"],
    "an object": object(),
    "no values": torch.zeros(0),
    "five dimensions": torch.ones(1, 2, 1, 2, 1),
    "three NaNs": torch.full((3,), math.nan),
    "one value": torch.tensor(math.nan),
    "truths": torch.ones(2, 2, dtype=torch.bool),
    "no examples": torch.zeros(0, 2, 3),
    "negative doubles": torch.full((2, 2), -2.0, dtype=torch.float64),
    "whole numbers": torch.tensor([[3, -7]]),
    "an array": np.array([[1.0, 2.0]]),
}


def random(*shape, dtype=torch.float64):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(1), dtype=dtype)


def random_generator():
    return torch.Generator().manual_seed(1)


X = random(6, 1)
LABELS = torch.tensor([0, 1, 2, 0, 1, 2])
NET = nets.initialise(nets.MLP([1, 3, 1]).double(), generator=random_generator())
POSTERIOR = bnn.Posterior(NET, X, X**2, bnn.Gaussian(0.1))
VAE = nets.initialise(vae.VAE([4, 3, 2]), generator=random_generator())
MORE = [
    ("bnn.draws", "log_likelihood(POSTERIOR, random(2, 10), X, X**2)"),
    ("colours", "themed_classes(3)"),
    ("continual.units", "observe(init(NET)[0], random(6, 3), random(1, 3), decay=0.9)"),
    ("convnets.network", "dropped(random(6, 3), 0.5, generator=random_generator())"),
    ("data.mnist", "find(Path('none'), 'train-images-idx3-ubyte')"),
    ("data.mnist", "load_file(Path('none'), 'train-images-idx3-ubyte')"),
    ("data.mnist", "parse_idx(b'', 'none')"),
    ("data.digits", "load_mnist('none')"),
    ("densities", "value_and_grad(POSTERIOR)"),
    ("diagnostics", "autocorrelation(random(2, 9), max_lag=3)"),
    ("drawing", "resample(random(6, 6), 3, 3)"),
    ("drawing", "typical(random(6, 4), LABELS, 3)"),
    ("empirical.finite", "costs(NET, X, X, outputs='trace')"),
    ("empirical.finite", "nngp(NET, X, X)"),
    ("empirical.finite", "ntk_vector_product(NET, X, random(6, 1), X)"),
    (
        "empirical.montecarlo",
        "monte_carlo(lambda generator: NET, X, n_draws=2, generator=random_generator())",
    ),
    ("kernels.chaos", "from tinynets.kernels import duals\ncritical_line(duals.erf(), random(3))"),
    (
        "kernels.chaos",
        "from tinynets.kernels import duals\nvariance_map(duals.erf(), random(3), random(3), random(3))",
    ),
    (
        "kernels.chaos",
        "from tinynets.kernels import duals\ncorrelation_map(duals.erf(), random(3), random(3), random(3), random(3))",
    ),
    ("kernels.combine", "from tinynets.kernels.layers import dense\nresidual(dense(), identity())"),
    ("kernels.layers.activations", "leaky_relu(0.1)"),
    ("kernels.layers.activations", "two_slopes(0.1, 1.0)"),
    ("kernels.layers.activations", "sine(1.0, 1.0, 0.0)"),
    ("kernels.layers.activations", "cosine(1.0, 1.0, 0.0)"),
    ("kernels.layers.activations", "exponential(1.0, 1.0)"),
    ("kernels.layers.activations", "gaussian(1.0, 1.0)"),
    ("kernels.layers.activations", "rbf(1.0)"),
    ("kernels.layers.activations", "polynomial([1.0, 2.0])"),
    ("kernels.layers.activations", "hermite(2)"),
    ("kernels.layers.activations", "rectified_monomial(2)"),
    ("kernels.mixing", "average_pool((2,), stride=1, padding=0)"),
    ("kernels.mixing", "attention(1.0, 1.0, 0.0, kind='softmax', width=3)"),
    ("kernels.rescale", "layer_norm(1e-5, positions=True)"),
    ("kernels.rescale", "dropout(0.5)"),
    (
        "kernels.spatial",
        "conv((3,), 1.0, 0.0, stride=1, padding='same', dilation=1, width=2, "
        "parameterisation='ntk')",
    ),
    ("landscapes", "minima(saddle(box=((-2.0, 2.0), (-1.5, 1.5)), tilt=0.5), random(3, 2))"),
    ("landscapes", "net([1.0, 2.0], [0.5, 0.5], box=((-2.0, 2.0), (-1.5, 1.5)))"),
    (
        "landscapes",
        "wells([(0.0, 1.0)], [1.0], [1.0], rise=0.1, box=((-2.0, 2.0), (-1.5, 1.5)), tilt=1.0)",
    ),
    ("latents.alignment", "orthogonal_fit(random(6, 2), random(6, 2))"),
    (
        "latents.distances",
        "from tinynets.latents import mixture_moments\noverlap(mixture_moments(X, X), mixture_moments(X, X))",
    ),
    (
        "latents.distances",
        "from tinynets.latents import mixture_moments\nlog_volume(mixture_moments(X, X))",
    ),
    ("latents.gaussians", "class_gaussians(random(6, 2), random(6, 2), LABELS, 3)"),
    ("latents.gaussians", "log_density(random(5, 1), mixture_moments(X, X))"),
    ("latents.separation", "fisher_ratio(scatter(random(6, 2), LABELS, 3))"),
    ("latents.separation", "pairwise_error(random(6, 2), LABELS, 3)"),
    ("latents.separation", "separating_plane(random(6, 2), random(6, 2))"),
    ("losses", "quadratic(random(6, 3), LABELS)"),
    ("nets.parameters", "apply(NET, random(10), X)"),
    ("nielsen.costs", "softplus(np.ones(3))"),
    (
        "predict.evidence",
        "maximise_evidence(lambda a: a * torch.eye(6).double(), X, start={'a': 1.0, 'noise_std': 1.0}, "
        "choices={}, max_evaluations=3)",
    ),
    (
        "predict.ode",
        "integrate(torch.eye(6).double(), torch.sum, 1.0, f0=random(6), "
        "ntk_star=torch.eye(6).double(), "
        "f0_star=random(6), friction=1.0, tolerance=1e-3, solver='RK45')",
    ),
    ("rng", "spawn(random_generator())"),
    ("samplers.mass", "dense_mass(torch.eye(2))"),
    ("samplers.mass", "diagonal_mass(torch.ones(2))"),
    ("samplers._sgld", "polynomial_decay(0.1, offset=1.0, power=0.3)"),
    ("samplers._sgld", "sgld(POSTERIOR, n_examples=6, batch_size=2, step_size=0.1, mass=None)"),
    ("scores", "class_probabilities(random(4, 6, 3))"),
    ("sweep.results", "write_table([], 'table.csv')"),
    ("targets.gaussians", "ill_conditioned(3, condition=10.0)"),
    ("vae", "active_units(random(6, 2), threshold=0.01)"),
    ("vae", "importance_weighted_bound(random(6, 4), 2)"),
    ("vae", "kl_to_prior(random(6, 2), random(6, 2))"),
    ("vae", "sample_latents(random(6, 2), random(6, 2), generator=random_generator())"),
    (
        "vae",
        "log_importance_weights(VAE, random(6, 4, dtype=torch.float32), n_samples=2, "
        "generator=random_generator(), chunk=3)",
    ),
    (
        "vi.bound",
        "from tinynets.vi import mean_field\nexact_kl(mean_field(torch.zeros(10).double(), 0.1), POSTERIOR)",
    ),
    ("vi.gaussians", "inverse_softplus(0.1)"),
    (
        "vi.outputs",
        "from tinynets.vi import mean_field\ndraw_outputs(POSTERIOR, mean_field(torch.zeros(10).double(), 0.1), X, n_samples=2, "
        "local=False, generator=random_generator())",
    ),
]


class Case(NamedTuple):
    """One argument of one call in an example."""

    module: str
    function: str
    argument: str
    tree: ast.Module  # the example up to the call, the argument replaced by `_bad`

    def __repr__(self) -> str:
        return f"{self.function}({self.argument}=)"


@functools.cache
def cases() -> list[Case]:
    """Every argument of every public function that an example calls, once."""
    found = {}
    for module, source, known in [*written(), *examples()]:
        for case in _cases(module, source, known):
            found.setdefault((case.function, case.argument), case)
    return [found[key] for key in sorted(found)]


def written():
    """The calls of `MORE`."""
    for module, source in MORE:
        names = vars(importlib.import_module(f"tinynets.{module}"))
        yield f"tinynets.{module}", f"import torch\nfrom bad_arguments import *\n{source}", names


def examples():
    """The examples of all modules; `tests/test_doctests.py` says that they run."""
    finder, found = doctest.DocTestFinder(), {}
    for info in pkgutil.walk_packages(tinynets.__path__, "tinynets."):
        if info.name.endswith("__main__"):
            continue
        module = importlib.import_module(info.name)
        found |= {test.name: (info.name, test) for test in finder.find(module)}
        for thing in vars(module).values():
            if hasattr(thing, "__wrapped__") and thing.__module__ == info.name:
                full = f"{info.name}.{thing.__name__}"
                inner = finder.find(inspect.unwrap(thing), full, globs=dict(vars(module)))
                found |= {test.name: (info.name, test) for test in inner}
    for name, test in found.values():
        yield name, "".join(example.source for example in test.examples), test.globs


def _cases(module, source, known):
    tree, known = ast.parse(source), dict(known)
    for node in tree.body:  # what examples import
        if isinstance(node, ast.ImportFrom | ast.Import):
            exec(compile(ast.Module([node], []), "<example>", "exec"), known)
    for end, statement in enumerate(tree.body, 1):
        calls = [node for node in ast.walk(statement) if isinstance(node, ast.Call)]
        for place, call in enumerate(calls):
            function = _public(call.func, known)
            if function is None:
                continue
            for slot, argument in _arguments(call, function):
                changed = copy.deepcopy(ast.Module(tree.body[:end], []))
                inside = [n for n in ast.walk(changed.body[-1]) if isinstance(n, ast.Call)]
                _replace(inside[place], slot)
                name = f"{function.__module__}.{function.__qualname__}"
                yield Case(module, name, argument, ast.fix_missing_locations(changed))


def _public(node, known):
    try:
        thing = eval(compile(ast.Expression(node), "<example>", "eval"), dict(known))
    except Exception:
        return None
    ours = (getattr(thing, "__module__", None) or "").startswith("tinynets.")
    named = inspect.isfunction(thing) or inspect.isclass(thing)
    return thing if ours and named and "<" not in thing.__qualname__ else None


def _arguments(call, function):
    names = list(inspect.signature(function).parameters)
    for place, argument in enumerate(call.args):
        if not isinstance(argument, ast.Starred) and place < len(names):
            yield place, names[place]
    for keyword in call.keywords:
        if keyword.arg:
            yield keyword.arg, keyword.arg


def _replace(call, slot):
    bad = ast.Name("_bad", ast.Load())
    if isinstance(slot, int):
        call.args[slot] = bad
    for keyword in call.keywords:
        if keyword.arg == slot:
            keyword.value = bad


def outcome(case: Case, bad: object) -> str:
    """Run an example with a bad argument; return what is wrong with how it ends, if anything."""
    names = vars(importlib.import_module(case.module)) | {"_bad": bad}
    try:
        with (
            contextlib.redirect_stdout(io.StringIO()),
            warnings.catch_warnings(),
            tempfile.TemporaryDirectory() as folder,  # for examples that write files
            contextlib.chdir(folder),
        ):
            warnings.simplefilter("ignore")
            exec(compile(case.tree, "<example>", "exec"), names)
    except Exception as error:
        path, line = _last(error)
        ours = PACKAGE in path.parents and line in _raises(path)
        if (ours and isinstance(error, OURS)) or isinstance(error, OSError):
            return ""
        if path.name == "<example>":
            return ""  # in the example, it is the next line that can't use the result
        return f"{type(error).__name__}: {str(error)[:150]} ({path.name}:{line})"
    return ""


def _last(error):
    """Return the file and the line where an error was raised."""
    trace = error.__traceback__
    while trace.tb_next:
        trace = trace.tb_next
    return Path(trace.tb_frame.f_code.co_filename), trace.tb_lineno


@functools.cache
def _raises(path: Path) -> set[int]:
    found = [n for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.Raise)]
    return {line for node in found for line in range(node.lineno, node.end_lineno + 1)}
