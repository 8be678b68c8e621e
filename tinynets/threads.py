"""PyTorch's threads: none where the work is too small to share."""

import contextlib
from collections.abc import Iterator

import torch

from tinynets import checks

WORTH_THREADS = 2**22  # multiplications; some milliseconds of one core


@contextlib.contextmanager
def one_if_small(n_products: int) -> Iterator[None]:
    """Compute with one thread inside, if there are few multiplications.

    To wake a second thread and to wait for it takes longer than a small
    product of matrices, on a busy machine 30 times longer. The number of
    threads is put back at the end.

    Parameters
    ----------
    n_products : int
        Multiplications of one call, roughly.

    Yields
    ------
    None
        With the number of threads changed, or not.

    Raises
    ------
    TypeError
        If `n_products` is not a number.

    Examples
    --------
    >>> with one_if_small(100):
    ...     torch.get_num_threads()
    1
    """
    checks.number("n_products", n_products)
    before = torch.get_num_threads()
    if before == 1 or n_products >= WORTH_THREADS:
        yield
        return
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
