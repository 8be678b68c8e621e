"""One seed for a page, one generator for each purpose on it."""

import hashlib

import torch

from tinynets import checks


@checks.arguments()
def generator(
    seed: int, *purpose: str | int, device: torch.device | str = "cpu"
) -> torch.Generator:
    """Make the generator of one purpose from the seed of a page.

    Draws for one purpose do not depend on how many were made for another,
    so that changing one part of a page leaves the others as they were.

    Parameters
    ----------
    seed : int
        The page's seed, 0 or above.
    *purpose : str or int
        What the draws are for, such as `("initial weights", 3)`. Each
        purpose has a stream of its own; none gives the stream of the seed.
    device : torch.device or str
        Where the tensors are that are drawn. A GPU draws other numbers.

    Returns
    -------
    torch.Generator
        Seeded by the SHA-256 of the seed and the purpose.

    Raises
    ------
    TypeError, ValueError
        If the seed is not an int, or negative.

    Examples
    --------
    >>> weights = generator(1, "weights")
    >>> torch.randn(2, generator=weights).shape
    torch.Size([2])
    """
    checks.count("seed", seed, at_least=0)
    digest = hashlib.sha256(repr((seed, *purpose)).encode()).digest()
    return torch.Generator(device).manual_seed(int.from_bytes(digest[:8], "big") >> 1)


@checks.arguments()
def generators(seed: int, n_generators: int, *purpose: str | int) -> list[torch.Generator]:
    """Make `n_generators` generators of one purpose: one a seed to compare.

    The i-th is `generator(seed, *purpose, i)`: the first ones stay the same when more are asked
    for.

    Parameters
    ----------
    seed : int
        The page's seed, 0 or above.
    n_generators : int
        How many, 1 or above.
    *purpose : str or int
        What the draws are for.

    Returns
    -------
    list of torch.Generator
        On the CPU.

    Raises
    ------
    ValueError
        If a number is out of its range.

    Examples
    --------
    >>> [torch.rand(2, generator=g).shape for g in generators(1, 2, "weights")]
    [torch.Size([2]), torch.Size([2])]
    """
    checks.count("n_generators", n_generators)
    return [generator(seed, *purpose, i) for i in range(n_generators)]


@checks.arguments()
def spawn(generator: torch.Generator) -> torch.Generator:
    """Draw the seed of a generator for one step.

    Where the number of draws in a step depends on what the chains do, they come from a stream of
    their own: what one chain needs must not shift what the others get in later steps.

    Parameters
    ----------
    generator : torch.Generator
        Gives one number.

    Returns
    -------
    torch.Generator
        On the same device.
    """
    seed = int(torch.randint(2**62, (), generator=generator, device=generator.device))
    return torch.Generator(generator.device).manual_seed(seed)
