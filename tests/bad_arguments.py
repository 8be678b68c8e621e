"""Calls of the package with one argument that is wrong, made from the examples in docstrings.

An example is a call that works; `MORE` has those of functions whose docstrings have none. Each argument in it is replaced by each value of
`BAD`, and the example is run: what comes of it is a result, or an error that the
package raises itself.
"""

import ast
import atexit
import contextlib
import copy
import doctest
import functools
import importlib
import inspect
import io
import math
import os
import pkgutil
import shutil
import tempfile
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

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


class Unspoilt(Exception):
    """What was to be done to an argument can't be done to this one."""


class Spoilt(NamedTuple):
    """What is done to a right argument, where that can be done."""

    do: Callable[[Any], Any]

    def __call__(self, argument: Any) -> Any:
        if isinstance(argument, Mapping) and argument:
            first = next(iter(argument))
            return dict(argument) | {first: self(argument[first])}
        try:
            if not isinstance(argument, str):
                return self.do(argument)
        except (TypeError, ValueError, LookupError, RuntimeError):
            pass
        raise Unspoilt


def _with_nan(argument):
    if isinstance(argument, torch.Tensor | np.ndarray):
        spoilt = argument.clone() if isinstance(argument, torch.Tensor) else argument.copy()
        spoilt[(0,) * spoilt.ndim] = math.nan
        return spoilt
    if isinstance(argument, float):
        return math.nan
    if not isinstance(argument, list | tuple):
        raise Unspoilt
    return type(argument)([_with_nan(argument[0]), *argument[1:]])


SPOILT = {
    "one too few": Spoilt(lambda right: right[:-1]),
    "none": Spoilt(lambda right: right[:0]),
    "one too many": Spoilt(lambda right: [*right, right[-1]]),
    "one of them": Spoilt(lambda right: right[0]),
    "one dimension more": Spoilt(lambda right: right[None]),
    "a NaN in it": Spoilt(_with_nan),
    "below zero": Spoilt(lambda right: -1 - right),
    "one by one less": Spoilt(lambda right: right - 1),
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
    (
        "landscapes",
        "minima(saddle(box=((-2.0, 2.0), (-1.5, 1.5)), tilt=0.5), random(3, 2), n_steps=2)",
    ),
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
    ("plots.bnn", "plot_intervals(['a', 'b'], random(2, 3), random(2), xlabel='x')"),
    ("plots.cubes", "plot_regions(np.eye(3), (0, 1, 0, 1))"),
    ("plots.cubes", "projected(random(4, 3), (30.0, 20.0))"),
    ("plots.curves", "draw_line(plt.gca(), random(4), random(2, 4), 0, label='a', band=(5, 95))"),
    ("plots.descent", "plot_mean(random(5), random(3), 0.5, ylim=(0, 1), most=9)"),
    (
        "plots.descent",
        "from tinynets.landscapes import saddle\nplot_path(saddle(), random(4, 2), random(2, 2))",
    ),
    ("plots.latents", "plot_digits(random(3, 2), [0, 1, 2], size=3, alpha=0.5)"),
    ("plots.latents", "plot_densities(3 * random(2, 5, 5), 2.0)"),
    (
        "plots.marks",
        "plot_marks([Line(random(4))], random(4), ylim=(0, 1), xlabel='x', ylabel='y')",
    ),
    ("plots.masks", "plot_tile(random(4), (2, 2), limit=1.0, amounts=True)"),
    ("plots.masks", "robust_limit(random(4))"),
    ("plots.masks", "plot_held(random(4), random(3, 4), random(3), 1, (2, 2))"),
    ("plots.neurons", "plot_neuron(random(5), random(5), random(5), limit=0.1, kink=0.5)"),
    ("plots.neurons", "plot_two_neurons(random(5), random(5), random(5), ylim=(0, 1))"),
    (
        "plots.planes",
        "plot_walk(random(3, 2), [0, 1, 2], (0.5, 0.5), random(4), (2, 2), limit=1.0)",
    ),
    ("plots.planes", "plot_rings(random(3, 5, 2), random(3, 2), limit=1.0)"),
    (
        "plots.planes",
        "plot_outlines({'a': [{'pieces': [[0, 0, 1, 1]], 'middle': [0, 0]}]}, limit=1.0)",
    ),
    ("plots.sampling", "plot_ranks(random(5), expected=0.5, band=(0.2, 0.7), label='a')"),
    ("plots.sampling", "plot_autocorrelation({'a': random(2, 5)})"),
    (
        "plots.stills",
        "plot_chain([random(4, 2)], random(3, 2), random(3, 2), x=(0, 1), y=(0, 1), ax=plt.gca())",
    ),
    (
        "plots.stills",
        "plot_driven([random(4, 2)], random(3, 2), random(3, 2), random(9), x=(0, 1), y=(0, 1))",
    ),
    ("plots.stills", "plot_checks(['a', 'b'])"),
    (
        "plots.stills",
        "plot_corners(random(5), random(5), random(2), random(2), random(3, 2), "
        "xlim=(0, 1), ylim=(0, 1))",
    ),
    (
        "plots.stills",
        "plot_functions(random(5), random(2, 5), random(5), random(2, 3), ylim=(0, 1))",
    ),
    (
        "plots.stills",
        "plot_wide(random(5), random(2, 5), random(5), random(5), random(2, 3), ylim=(0, 1))",
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
    tree: ast.Module  # the example up to the call, its argument x replaced by `_bad(x)`

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
    def spoilt(argument):
        return ast.Call(ast.Name("_bad", ast.Load()), [argument], [])

    if isinstance(slot, int):
        call.args[slot] = spoilt(call.args[slot])
    for keyword in call.keywords:
        if keyword.arg == slot:
            keyword.value = spoilt(keyword.value)


def outcome(case: Case, bad: object) -> str:
    """Run an example with a bad argument; return what is wrong with how it ends, if anything."""
    spoil = bad if isinstance(bad, Spoilt) else lambda _: bad
    names = vars(importlib.import_module(case.module)) | {"_bad": spoil}
    try:
        with (
            contextlib.redirect_stdout(io.StringIO()),
            warnings.catch_warnings(),
            empty_folder() as folder,  # for examples that write files
            contextlib.chdir(folder),
        ):
            warnings.simplefilter("ignore")
            exec(_compiled(case.tree), names)
    except Unspoilt:
        return ""
    except Exception as error:
        path, line = _last(error)
        ours = PACKAGE in path.parents and line in _raises(path)
        if (ours and isinstance(error, OURS)) or isinstance(error, OSError):
            return ""
        if path.name == "<example>":
            return ""  # in the example, it is the next line that can't use the result
        return f"{type(error).__name__}: {str(error)[:150]} ({path.name}:{line})"
    return ""


@functools.cache
def _compiled(tree: ast.Module):
    return compile(tree, "<example>", "exec")


@contextlib.contextmanager
def empty_folder():
    """The same folder each time, and each time without what was written into it."""
    try:
        yield _folder()
    finally:
        if os.listdir(_folder()):
            shutil.rmtree(_folder())
            os.mkdir(_folder())


@functools.cache
def _folder():
    folder = tempfile.mkdtemp(prefix="tests-examples-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


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
