"""Nets as files."""

import json
import zipfile
from pathlib import Path

import numpy as np
import torch

from tinynets import checks
from tinynets.convnets.network import ConvNet


@checks.arguments()
def save(net: ConvNet, path: str | Path) -> None:
    """Write what `ConvNet` was built with and its parameters as one .npz.

    No pickle: the file can't run code when it is read.

    Parameters
    ----------
    net : ConvNet
        The net.
    path : str or Path
        The file, which is replaced if it exists.

    Raises
    ------
    TypeError
        If the net is no `ConvNet`.

    Examples
    --------
    >>> import tempfile
    >>> from tinynets.nets import initialise
    >>> path = Path(tempfile.mkdtemp(), "net.npz")
    >>> save(initialise(ConvNet((8, 8), ()), generator=torch.Generator()), path)
    >>> load(path).options["hidden"]
    [100]
    """
    if not isinstance(net, ConvNet):
        raise TypeError(f"net must be a ConvNet, got {type(net).__name__}")
    arrays = {name: value.numpy(force=True) for name, value in net.state_dict().items()}
    with open(path, "wb") as file:
        np.savez(file, options=json.dumps(net.options), **arrays)


@checks.arguments()
def load(path: str | Path) -> ConvNet:
    """Read a net that `save` wrote.

    Parameters
    ----------
    path : str or Path
        A file that `save` wrote.

    Returns
    -------
    ConvNet
        With the parameters of the file.

    Raises
    ------
    ValueError
        If the file is not such a net.

    Examples
    --------
    >>> import tempfile
    >>> from tinynets.nets import initialise
    >>> path = Path(tempfile.mkdtemp(), "net.npz")
    >>> save(initialise(ConvNet((8, 8), ()), generator=torch.Generator()), path)
    >>> load(path).image_shape
    (8, 8)
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            options = json.loads(str(file["options"]))
            net = ConvNet(**options)
            net.load_state_dict(
                {name: torch.from_numpy(file[name]) for name in file.files if name != "options"}
            )
    except (EOFError, KeyError, RuntimeError, ValueError, zipfile.BadZipFile) as error:
        raise ValueError(f"{path} must be a net written by convnets.save: {error}") from error
    return net
