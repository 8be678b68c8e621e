"""Plant faults, one at a time, and see which the tests miss: `python tools/mutants.py [WORD…]`.

A mutant is a line of the package, written wrongly on purpose. Each is planted in a copy of
the project, and the tests nearest to it are run there. Those that pass have missed it: its
name is printed, and the exit status is 1. With words, only mutants whose names hold one.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
SECONDS = 900  # that the tests of a mutant may take; a hang is seen, too


class Mutant(NamedTuple):
    """A fault: what to write instead of what, and the tests that should see it."""

    name: str
    file: str  # in tinynets/
    right: str  # stands there once
    wrong: str
    tests: str  # in tests/, with options of pytest


EXACT = "test_samplers_exact.py test_samplers_contract.py"
MUTANTS = [
    Mutant("acceptance: always", "samplers/base.py", "uniform < probability", "uniform < 2", EXACT),
    Mutant(
        "mala: drift halved",
        "samplers/_mala.py",
        "drift = momentum + 0.5 * step_size",
        "drift = momentum + 0.25 * step_size",
        EXACT,
    ),
    Mutant(
        "nuts: a merged half's proposal at even odds",
        "samplers/_trees.py",
        "taken = uniform < (right.log_weight - log_weight).exp()",
        "taken = uniform < 0.5",
        EXACT,
    ),
    Mutant(
        "mass: momenta of its inverse",
        "samplers/mass.py",
        "return normal.div_(mass.root)",
        "return normal.mul_(mass.root)",
        EXACT,
    ),
    Mutant(
        "vae: KL without the variance",
        "vae/bound.py",
        "(mean.square() + log_var.exp() - 1 - log_var) / 2",
        "mean.square() / 2",
        "test_vae.py",
    ),
    Mutant(
        "vae: weights averaged in logs",
        "vae/bound.py",
        "(groups.logsumexp(-1) - math.log(n_samples)).mean(-1)",
        "groups.mean((-1, -2))",
        "test_vae.py",
    ),
    Mutant(
        "vae: noise of the variance",
        "vae/bound.py",
        "return mean + torch.exp(log_var / 2) * noise",
        "return mean + torch.exp(log_var) * noise",
        "test_vae.py",
    ),
    Mutant(
        "scores: a mean of log densities",
        "scores.py",
        "torch.logsumexp(pooled, 0) - math.log(len(pooled))",
        "pooled.mean(0)",
        "test_scores.py",
    ),
    Mutant(
        "scores: an interval of one tail",
        "scores.py",
        "torch.tensor([(1 - level) / 2, (1 + level) / 2]",
        "torch.tensor([0.0, level]",
        "test_scores.py",
    ),
    Mutant(
        "diagnostics: quantities not ranked",
        "diagnostics.py",
        'method="rank"',
        'method="identity"',
        "test_diagnostics.py",
    ),
    Mutant(
        "laplace: without the prior",
        "laplace.py",
        "posterior.prior_std.square().reciprocal().diag()",
        "0 * posterior.prior_std.diag()",
        "test_laplace.py",
    ),
    Mutant(
        "smc: evidence without its mean",
        "samplers/smc.py",
        "torch.logsumexp(log_weight - math.log(n_particles), 0)",
        "torch.logsumexp(log_weight, 0)",
        "test_smc.py",
    ),
    Mutant(
        "data: small labels rolled by one",
        "data/digits.py",
        "labels = torch.tensor(labels, dtype=torch.int64)",
        "labels = torch.tensor(labels, dtype=torch.int64).roll(1)",
        "test_data.py",
    ),
    Mutant("data: images halved", "data/digits.py", "images / 16", "images / 32", "test_data.py"),
    Mutant(
        "nielsen: decay lost under momentum",
        "nielsen/learning.py",
        "        elif mu:\n            s += strength * w",
        "        elif mu:\n            s += 0 * w",
        "test_nielsen.py test_first_programs.py",
    ),
    Mutant(
        "nielsen: a gradient not of the mean",
        "nielsen/learning.py",
        "return _scaled_gradient(net, x, y, cost, 1 / x.shape[-2])",
        "return _scaled_gradient(net, x, y, cost, 1.0)",
        "test_nielsen.py",
    ),
    Mutant(
        "kernels: a length scale not squared",
        "kernels/covariance.py",
        "torch.exp(-squared / (2 * length_scale**2))",
        "torch.exp(-squared / (2 * length_scale))",
        "test_gp.py",
    ),
    Mutant(
        "kernels: the sign's derivative",
        "kernels/duals/arc_cosine.py",
        "Moments(theta * (2 / math.pi)",
        "Moments(theta * (1 / math.pi)",
        "test_kernels_duals.py",
    ),
    Mutant(
        "kernels: a bias scale lost",
        "kernels/layers/affine.py",
        "b_std**2",
        "b_std",
        "test_kernels_layers.py test_kernels_references.py",
    ),
]


def problems(mutants: Sequence[Mutant] = MUTANTS) -> list[str]:
    """Say which mutants can't be planted, since the line is not there or not alone."""
    found = []
    for mutant in mutants:
        times = (ROOT / "tinynets" / mutant.file).read_text(encoding="utf-8").count(mutant.right)
        if times != 1:
            found.append(f"{mutant.name}: {mutant.file} holds {mutant.right!r} {times} times")
        tests = [word for word in mutant.tests.split() if word.endswith(".py")]
        found += [f"{mutant.name}: no {t}" for t in tests if not (ROOT / "tests" / t).is_file()]
    return found


def survives(mutant: Mutant, tree: Path) -> bool:
    """Plant a mutant in a copy of the project; tell whether the tests pass."""
    path = tree / "tinynets" / mutant.file
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(mutant.right, mutant.wrong), encoding="utf-8")
    words = [f"tests/{word}" if word.endswith(".py") else word for word in mutant.tests.split()]
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *words]
    variables = os.environ | {"PYTHONPATH": str(tree), "OMP_NUM_THREADS": "1"}
    variables["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # starts sooner
    variables["PYTHONDONTWRITEBYTECODE"] = "1"  # what is planted within a second looks the same
    try:
        done = subprocess.run(
            command, cwd=tree, env=variables, capture_output=True, text=True, timeout=SECONDS
        )
    except subprocess.TimeoutExpired:
        return False
    finally:
        path.write_text(text, encoding="utf-8")
    if done.returncode not in (0, 1):  # 2 and above: the tests were not run
        raise RuntimeError(f"{mutant.name}: pytest can't run:\n{done.stdout}\n{done.stderr}")
    return done.returncode == 0


def copy(tree: Path) -> None:
    """Copy the project's files, new ones included."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.check_output(command, cwd=ROOT, text=True).split("\0")
    for name in filter(None, names):
        if (ROOT / name).is_file():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, tree / name)


def main(arguments: Sequence[str] | None = None) -> int:
    """Plant each mutant, print what becomes of it, and return 1 if one survives."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("words", nargs="*", metavar="WORD", help="only mutants so named")
    words = parser.parse_args(arguments).words
    wanted = [m for m in MUTANTS if not words or any(word in m.name for word in words)]
    if wrong := problems(wanted):
        print("\n".join(wrong), file=sys.stderr)
        return 2
    survivors = []
    with tempfile.TemporaryDirectory() as folder:
        copy(Path(folder))
        for mutant in wanted:
            lives = survives(mutant, Path(folder))
            survivors += [mutant.name] * lives
            print(f"{'SURVIVES' if lives else 'caught  '} {mutant.name}", flush=True)
    print(f"{len(survivors)} of {len(wanted)} survive")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
