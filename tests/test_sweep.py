"""Grids: trials, what is left of a broken sweep, and the launchers for real."""

import dataclasses
import json
import signal
import subprocess
import sys
import time

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from joblib.externals.loky import get_reusable_executor

from tinynets.plots import sweeps as pictures
from tinynets.sweep import Experiment, app, digits_in_use, results, trials
from tinynets.sweep.experiment import measure

QUICK = {"n_images": 200, "n_steps": 5, "n_hidden": 4, "n_nets": 2}
OPTIONS = [f"{name}={value}" for name, value in QUICK.items()]


@pytest.fixture(autouse=True)
def small_digits(monkeypatch):
    monkeypatch.setenv("TINYNETS_DATA", "8x8")


@pytest.fixture
def sweep(tmp_path, monkeypatch, capfd):
    """Run a sweep from here, whose workers the next one has too; return its exit and output."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(app.Grid, "experiments", ())  # which it keeps, and the next test gets back

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["sweep", "-m", *OPTIONS, *arguments])
        code = 0
        try:
            app.main()
        except SystemExit as stop:
            code = stop.code
        return code, capfd.readouterr().out

    yield run
    get_reusable_executor().shutdown()


def written(folder):
    return {
        path.parent.name: path.stat().st_mtime_ns for path in folder.glob("sweeps/*/result.json")
    }


def test_a_failed_cell_leaves_the_rest_and_a_second_run_does_only_what_is_missing(sweep, tmp_path):
    at_once = "hydra.launcher.n_jobs=2"  # it starts ten Pythons else
    code, said = sweep("batch_size=32,201", "lr=0.1,0.2", at_once)
    assert code == 1, said
    assert "4 trials: 2 done, 0 diverged, 2 failed, 0 not run; 0 were there before" in said
    assert "failed: batch_size=201,lr=0.1,n_steps=5" in said
    assert "batch_size must be at most 200, the number of training images, got 201" in said
    found = results.gather(tmp_path / "sweeps")
    assert [(c.experiment.batch_size, c.status) for c in found] == [
        (32, "done"),
        (32, "done"),
        (201, "failed"),
        (201, "failed"),
    ]
    log = next(tmp_path.glob("sweeps/batch_size=201,*/log.txt")).read_text()
    assert "Traceback" in log

    before = written(tmp_path)
    code, said = sweep("batch_size=32,64", "lr=0.1,0.2", at_once)
    assert code == 0, said
    assert "4 trials: 4 done" in said and "2 were there before" in said
    after = written(tmp_path)
    assert before.items() <= after.items() and len(after) == 6
    assert len((tmp_path / "sweeps" / trials.TABLE).read_text().splitlines()) == 5


def test_the_launcher_is_an_option_alone(sweep, tmp_path):
    code, said = sweep("batch_size=32", "lr=0.1,0.2", "hydra/launcher=submitit_local")
    assert code == 0, said
    assert "2 trials: 2 done" in said
    assert list(tmp_path.glob("sweeps/.submitit/*/*_result.pkl"))
    direct = measure(Experiment(batch_size=32, lr=0.2, **QUICK))
    trial = results.gather(tmp_path / "sweeps")[1]
    np.testing.assert_allclose(trial.result["train_loss"], direct["train_loss"], rtol=1e-5)


def test_a_stopped_sweep_keeps_what_was_done(tmp_path):
    steps = ["n_steps=5,100000000", "hydra/launcher=basic"]
    command = [sys.executable, "-m", "tinynets.sweep", "-m", *OPTIONS, *steps]
    with subprocess.Popen(command, cwd=tmp_path, text=True, stdout=subprocess.PIPE) as process:
        deadline = time.monotonic() + 120
        while len(written(tmp_path)) < 2 and time.monotonic() < deadline:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        try:
            said = process.communicate(timeout=200)[0]
        finally:
            process.kill()
    assert process.returncode == 130
    assert "2 trials: 1 done, 0 diverged, 0 failed, 1 not run" in said
    short, long = (Experiment(**(QUICK | {"n_steps": n})) for n in (5, 100000000))
    assert trials.is_finished(short, tmp_path / "sweeps")
    assert not trials.is_finished(long, tmp_path / "sweeps")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["lr=0.1,-0.1"], "lr must be a finite number above 0, got -0.1"),
        (["lr=-0.1"], "lr must be a finite number above 0, got -0.1"),
        (["learning_rate=0.1,0.2"], "unknown option learning_rate; there are batch_size, lr,"),
        (["activation=relu,rely"], "activation must be one of .*, got 'rely'"),
        (["batch_size=8,many"], "'many' of type 'str' could not be converted to Integer"),
    ],
)
def test_a_wrong_option_is_one_message_before_any_cell_runs(
    arguments, message, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["sweep", "-m", *arguments])
    with pytest.raises(SystemExit, match=message):
        app.main()
    assert not written(tmp_path)


def test_a_grid_is_the_product_of_its_options():
    expanded = list(app.product(["batch_size=8,32", "lr=choice(0.1,1e-3)", "seed=range(2)"]))
    assert len(expanded) == 8
    parsed = [app.parse(overrides) for overrides in expanded]
    assert {(e.batch_size, e.lr, e.seed) for e in parsed} == {
        (b, r, s) for b in (8, 32) for r in (0.1, 0.001) for s in (0, 1)
    }


def test_a_diverged_run_is_a_result_and_not_run_again(tmp_path):
    experiment = Experiment(lr=1e38, activation="identity", **QUICK)
    assert trials.run(experiment, tmp_path) == "diverged"
    (trial,) = results.gather(tmp_path)
    assert 1 < trial.result["step"] <= 5
    path = trials.result_path(experiment, tmp_path)
    written = path.stat().st_mtime_ns
    assert trials.run(experiment, tmp_path) == "diverged"
    assert path.stat().st_mtime_ns == written
    assert np.isnan(results.pivot([trial]).values).all()


def test_a_result_of_other_options_or_digits_is_not_taken(tmp_path):
    experiment = Experiment(**QUICK)
    trials.run(experiment, tmp_path)
    assert trials.is_finished(experiment, tmp_path)
    path = trials.result_path(experiment, tmp_path)
    stored = json.loads(path.read_text())
    for change in (
        {"data": "MNIST"},
        {"experiment": dataclasses.asdict(Experiment())},
        {"status": "started"},
    ):
        path.write_text(json.dumps(stored | change))
        assert not trials.is_finished(experiment, tmp_path)


def test_no_half_written_result_is_left(tmp_path):
    target = tmp_path / "result.json"
    target.write_text("old")
    with pytest.raises(RuntimeError), trials.replacing(target) as file:
        file.write("half")
        raise RuntimeError
    assert target.read_text() == "old"


def test_a_damaged_result_is_named(tmp_path):
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "result.json").write_text("{")
    with pytest.raises(
        ValueError, match=r"x.result\.json: expected the result of a trial.*Delete the file"
    ):
        results.gather(tmp_path)
    with pytest.raises(FileNotFoundError, match="run the sweep first"):
        results.gather(tmp_path / "nowhere")


def test_cells_start_alike_and_leave_the_global_generator_alone():
    state = torch.get_rng_state()
    same = [measure(Experiment(lr=1e-12, batch_size=b, **QUICK)) for b in (8, 32)]
    np.testing.assert_allclose(same[0]["train_loss"], same[1]["train_loss"], rtol=1e-5)
    other = measure(Experiment(lr=1e-12, seed=1, **QUICK))
    assert not np.allclose(other["train_loss"], same[0]["train_loss"], rtol=1e-3)
    assert torch.equal(torch.get_rng_state(), state)


def test_a_cell_learns_and_counts_its_updates():
    result = measure(Experiment(n_epochs=5, n_images=1000, batch_size=16, lr=0.2))
    assert result["n_updates"] == 5 * 63
    for judged in ("validation_accuracy", "test_accuracy"):
        assert len(result[judged]) == 3 and min(result[judged]) > 0.8


def test_images_kept_back_are_not_learnt_from(monkeypatch):
    digits = digits_in_use()
    n = len(digits.train.images)
    wrong = digits.train.labels.clone()
    wrong[-300:] = (wrong[-300:] + 1) % 10  # what no net of the others says
    spoilt = digits._replace(train=digits.train._replace(labels=wrong))
    monkeypatch.setattr("tinynets.sweep.experiment.digits_in_use", lambda: spoilt)
    options = {"n_epochs": 6, "batch_size": 16, "lr": 0.05, "n_images": n}
    result = measure(Experiment(n_validation=300, **options))
    assert result["n_updates"] == 6 * -(-(n - 300) // 16)
    assert max(result["validation_accuracy"]) < 0.2 and min(result["test_accuracy"]) > 0.8


def test_data_all_kept_back_are_refused():
    n = len(digits_in_use().train.images)
    with pytest.raises(ValueError, match=f"n_validation must be below {n:,}"):
        measure(Experiment(n_validation=n, **QUICK))


def test_pivot_lays_out_and_refuses_two_cells_on_one_place():
    made = [
        trials.Trial(Experiment(batch_size=b, lr=r), "done", {"validation_accuracy": [b, r, 0]})
        for b, r in ((32, 0.2), (8, 0.1), (32, 0.1))
    ]
    table = results.pivot(made)
    assert (table.rows, table.columns) == ([8, 32], [0.1, 0.2])
    np.testing.assert_array_equal(table.values[1, 1], [32, 0.2, 0])
    assert np.isnan(table.values[0, 1]).all()
    with pytest.raises(ValueError, match="batch_size and seed must tell the trials apart"):
        results.pivot(made, columns="seed")


def test_a_grid_is_drawn_with_its_best_cells_framed_and_its_gaps_shown():
    values = [[90.0, 95.0, np.nan], [np.nan] * 3]
    _, ax = plt.subplots()
    pictures.plot_grid([8, 32], [0.1, 0.2, 0.4], values, low=50, high=100, ax=ax)
    assert [text.get_text() for text in ax.texts] == ["90", "95", "–", "–", "–", "–"]
    (frame,) = ax.patches
    assert frame.get_xy() == (0.5, -0.5)


def test_rows_are_drawn_through_the_means_of_the_seeds():
    _, ax = plt.subplots()
    pictures.plot_rows(
        [8, 32],
        [[1, 2], [3, 4]],
        [[[1, 3], [2, 2]], [[0, 0], [4, 6]]],
        xlabel="x",
        ylabel="y",
        ax=ax,
    )
    assert [line.get_ydata().tolist() for line in ax.lines] == [[2, 2], [0, 5]]
    assert len({line.get_marker() for line in ax.lines}) == 2
    pictures.plot_rows(
        [8], [[1, 2]], [[[1, 3], [2, 2]]], xlabel="x", ylabel="y", lines=False, ax=ax
    )
    assert ax.lines[0].get_linestyle() != "None" == ax.lines[2].get_linestyle()
