"""Make .venv ready: the pinned packages, and Quarto where it can be had.

`make` runs this before every target, with whatever Python it finds, so it uses
the standard library alone and syntax that an old Python still reads: it is the
one that must say that a newer one is needed. With nothing to do it is quick.
"""

import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(ROOT, ".venv")
PYTHON = os.path.join(VENV, "bin", "python")
PYTHONS = ((3, 11), (3, 12), (3, 13))
QUARTO_SECONDS = 300


def main(arguments):
    exact = "--exact" in arguments  # the user named this Python
    try:
        if not exact:
            use_a_fitting_python()
        make_environment(exact)
        install_packages()
        try_quarto()
    except Problem as problem:
        sys.exit("\nset-up: %s" % problem)


class Problem(Exception):
    """What stops the set-up, and what to do about it."""


def use_a_fitting_python():
    """Go on under python3.13, 3.12 or 3.11 if this Python does not fit."""
    if sys.version_info[:2] in PYTHONS:
        return
    for major, minor in reversed(PYTHONS):
        other = shutil.which("python%d.%d" % (major, minor))
        if other and runs(other):
            os.execv(other, [other] + sys.argv)


def runs(python):
    """Whether `python` starts (a pyenv shim of an absent version does not)."""
    return subprocess.call([python, "-c", ""], stderr=subprocess.DEVNULL) == 0


def make_environment(exact):
    """Create .venv, or create it anew where it is broken or of another Python."""
    made_by = python_of_environment()
    wanted = sys.version_info[:2]
    if made_by in PYTHONS and (made_by == wanted or not exact):
        return
    check_python(wanted, sys.executable)
    check_venv_module()
    say("making .venv with Python %d.%d" % wanted)
    if subprocess.call([sys.executable, "-m", "venv", "--clear", VENV]):
        raise Problem("Python could not make a virtual environment (reason above).")


def python_of_environment():
    """Return (major, minor) of a .venv that works, else None."""
    if not (os.path.exists(PYTHON) and runs_pip()):
        return None
    code = "import sys; print(*sys.version_info[:2])"
    output = subprocess.check_output([PYTHON, "-c", code])
    return tuple(int(part) for part in output.split())


def runs_pip():
    packages = os.path.join(VENV, "lib")
    return any(
        os.path.isdir(os.path.join(packages, name, "site-packages", "pip"))
        for name in (os.listdir(packages) if os.path.isdir(packages) else ())
    )


def check_python(version, executable):
    if version not in PYTHONS:
        raise Problem(
            "Python 3.11, 3.12 or 3.13 is needed; %s is Python %d.%d.\n"
            "Install one of them, or name one that you have: make PYTHON=python3.12 site"
            % (executable, version[0], version[1])
        )


def check_venv_module():
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError as missing:
        raise Problem(
            "this Python (%s) cannot make virtual environments: %s.\n"
            "On Debian or Ubuntu: apt install python3-venv (or python%d.%d-venv)"
            % ((sys.executable, missing) + sys.version_info[:2])
        ) from missing


def install_packages():
    """Install what requirements.txt holds to its hashes, then PyTorch and the project; once."""
    stamp = os.path.join(VENV, "installed.txt")
    wanted = fingerprint()
    if read(stamp) == wanted:
        return
    say("installing the pinned packages into .venv (some minutes, about 2 GB)")
    builds = os.path.join(VENV, "builds.txt")
    write(builds, pinned("setuptools"))
    pip("--require-hashes", "-r", builds)
    pip("--require-hashes", "--no-build-isolation", "-r", "requirements.txt")
    pip("--no-build-isolation", "-c", "constraints.txt", "-e", ".[site,test]")
    write(stamp, wanted)


def pinned(name):
    """Return the lines of requirements.txt that pin one package."""
    text = read(os.path.join(ROOT, "requirements.txt"))
    return re.search(r"^%s==.*(\n +--hash=.*)*\n" % re.escape(name), text, flags=re.M).group()


def pip(*arguments):
    command = [PYTHON, "-m", "pip", "install", "--disable-pip-version-check"]
    if subprocess.call(command + list(arguments), cwd=ROOT):
        raise Problem(
            "pip could not install the packages (its reason is above).\n"
            "Do hashes differ? Then the index serves another file than the one that was pinned: "
            "none of it is installed, and you should find out why.\n"
            "Is the package index within reach? Run the same make command again: "
            "what has been downloaded is kept."
        )


def fingerprint():
    """Hash what decides the contents of .venv; a moved checkout counts too."""
    digest = hashlib.sha256(ROOT.encode() + repr(python_of_environment()).encode())
    for name in ("pyproject.toml", "constraints.txt", "requirements.txt"):
        digest.update(read(os.path.join(ROOT, name)).encode())
    return digest.hexdigest()


def try_quarto():
    """Install the pinned Quarto once if there is none; remember a failure."""
    if shutil.which("quarto"):
        return
    version = read(os.path.join(ROOT, ".quarto-version")).strip()
    stamp = os.path.join(VENV, "quarto.txt")
    if read(stamp) == version:
        return
    say("no Quarto on the PATH: trying its package, quarto-cli %s" % version)
    if not install_quarto(version):
        write(stamp, version)
        say(
            "Quarto %s cannot be had here (.venv/quarto.log says why); the built-in "
            "renderer takes over. To try again: rm .venv/quarto.txt" % version
        )


def install_quarto(version):
    """Return whether quarto-cli, which downloads Quarto as it builds, installs."""
    command = [PYTHON, "-m", "pip", "install", "quarto-cli==%s" % version]
    with open(os.path.join(VENV, "quarto.log"), "w") as log:
        process = subprocess.Popen(
            command, cwd=ROOT, stdout=log, stderr=log, start_new_session=True
        )
        try:
            process.wait(timeout=QUARTO_SECONDS)
        except subprocess.TimeoutExpired:
            pass
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)  # pip and what it started
    return process.wait() == 0 and shutil.which("quarto") is not None


def read(path):
    if not os.path.exists(path):
        return ""
    with open(path) as file:
        return file.read()


def write(path, text):
    with open(path, "w") as file:
        file.write(text)


def say(text):
    print("set-up: " + text)
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
