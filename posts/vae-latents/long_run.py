"""Train the β-VAEs that take longer than a page may, and keep their numbers.

    python posts/vae-latents/long_run.py [--jobs 2]

Writes `long-run-<data set>.json` beside the page, some 100 KB: about a
quarter of an hour for MNIST on two cores, a minute for the 8 × 8 digits
(TINYNETS_DATA=8x8). The page says what it read from there.
"""

import argparse
import datetime
import json
import os
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import torch
from tqdm import tqdm

from tinynets import latents, nets, train, vae
from tinynets.data import load_digits
from tinynets.rng import generator

SEED, N_SEEDS, LEARNING_RATE = 20, 5, 1e-3
HIDDEN = (256, 128)
PROTOCOLS = {
    "one epoch": {"betas": (1, 10), "batch_size": 32, "n_epochs": 1},
    "ten epochs": {"betas": (0.1, 0.3, 1, 3, 10, 20, 30), "batch_size": 128, "n_epochs": 10},
}
EPOCH = 10_000  # images that an epoch shows at least, some of them again


def run(protocol: str, beta: float) -> list[dict]:
    """Train all seeds at one β; describe each on the test images."""
    torch.set_num_threads(1)
    digits, options = load_digits(), PROTOCOLS[protocol]
    beta = beta * scale(digits)
    net = nets.initialise(
        vae.VAE([digits.n_pixels, *HIDDEN, 2], n_nets=N_SEEDS), generator=generator(SEED, "weights")
    )
    noise = generator(SEED, "noise", beta, protocol)
    images = digits.train.images
    n_steps = options["n_epochs"] * train.steps_in_epoch(
        max(len(images), EPOCH), options["batch_size"]
    )
    train.train(
        net,
        vae.NegativeElbo(noise, beta),
        (images,),
        batch_size=options["batch_size"],
        n_steps=n_steps,
        generator=generator(SEED, "order", protocol),
        optimiser=torch.optim.AdamW(net.parameters(), lr=LEARNING_RATE, fused=True),
    )
    return [
        {"protocol": protocol, "beta": float(f"{beta:.4g}"), "seed": seed, **row}
        for seed, row in enumerate(describe(net, digits, noise))
    ]


def scale(digits) -> float:
    """Give the factor of β: 64 pixels have a tenth of the nats of 784."""
    return 1.0 if digits.n_pixels > 64 else 0.1


@torch.no_grad()
def describe(net: vae.VAE, digits, noise: torch.Generator) -> list[dict]:
    """Measure every seed's terms, classes and aggregate posterior."""
    terms = vae.elbo(net, digits.test.images, generator=noise)
    mean, log_var = (part.double() for part in net.encoder(digits.test.images))
    variance = log_var.exp()
    classes = latents.class_gaussians(mean, variance, digits.test.labels, 10)
    whole = latents.mixture_moments(mean, variance)
    tables = {
        "log_likelihood": terms.log_likelihood.mean(-1),
        "kl": terms.kl.mean(-1),
        "kl_by_unit": vae.kl_to_prior(mean, log_var).mean(-2),
        "active_units": vae.active_units(mean),
        "mean": whole.mean,
        "covariance": whole.covariance,
        "log_volume": latents.log_volume(classes),
        "class_mean": classes.mean,
        "class_covariance": classes.covariance,
        "bhattacharyya": latents.pairwise(latents.bhattacharyya, classes),
        "class_kl": latents.pairwise(latents.kl, classes),
    }
    return [
        {name: _rounded(values[seed].tolist()) for name, values in tables.items()}
        for seed in range(len(mean))
    ]


def _rounded(value):
    if isinstance(value, list):
        return [_rounded(entry) for entry in value]
    return float(f"{value:.4g}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    digits = load_digits()
    tasks = [
        (protocol, beta) for protocol, options in PROTOCOLS.items() for beta in options["betas"]
    ]
    with ProcessPoolExecutor(parser.parse_args().jobs, get_context("spawn")) as pool:
        rows = sum(tqdm(pool.map(run, *zip(*tasks, strict=True)), total=len(tasks)), [])
    size = "x".join(map(str, digits.image_shape))
    path = Path(__file__).parent / f"long-run-{size}.json"
    path.write_text(
        json.dumps(
            {
                "data": digits.describe(),
                "seed": SEED,
                "n_nets": N_SEEDS,
                "hidden": HIDDEN,
                "epoch": EPOCH,
                "learning_rate": LEARNING_RATE,
                "protocols": PROTOCOLS,
                "torch": torch.__version__,
                "date": datetime.date.today().isoformat(),
                "runs": rows,
            },
            separators=(",", ":"),
        )
        + "\n"
    )
    print(path)


if __name__ == "__main__":
    main()
