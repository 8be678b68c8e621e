"""What does not fit in a page's time: run once, results kept beside it.

    TINYNETS_DATA=... python notes/nielsen/long_runs.py

writes `long_runs.json` with seeds, versions and date. It takes some ten
minutes and needs MNIST.
"""

import datetime
import json
from pathlib import Path

import numpy as np

from tinynets import scratch
from tinynets.data import load_digits

SEED, N_SEEDS, EPOCHS = 0, 3, 60
RESULTS = Path(__file__).with_suffix(".json")


def chapter_3() -> dict:
    """{784, 100, 10}, cross-entropy, eta 0.1, lambda 5, 50,000 images."""
    digits = load_digits()
    if digits.name != "MNIST":
        raise SystemExit(f"long_runs needs MNIST, found {digits.describe()}; "
                         "point TINYNETS_DATA at it")
    x = digits.train_images[:50_000].numpy()
    y = scratch.one_hot(digits.train_labels[:50_000].numpy(), dtype=x.dtype)
    test = digits.test_images.numpy(), digits.test_labels.numpy()
    source = np.random.default_rng(SEED)
    net = scratch.network([784, 100, 10], generator=source, n_seeds=N_SEEDS,
                          dtype=x.dtype)
    for epoch, net in enumerate(scratch.sgd(
            net, (x, y), epochs=EPOCHS, mini_batch_size=10, eta=0.1,
            lmbda=5.0, cost=scratch.CROSS_ENTROPY, generator=source), 1):
        print(f"epoch {epoch}: {scratch.accuracy(net, test)}", flush=True)
    return {"test accuracy": scratch.accuracy(net, test).tolist(),
            "seeds": N_SEEDS, "seed": SEED, "epochs": EPOCHS,
            "numpy": np.__version__,
            "date": datetime.date.today().isoformat()}


if __name__ == "__main__":
    RESULTS.write_text(json.dumps({"chapter 3": chapter_3()}, indent=2)
                       + "\n")
