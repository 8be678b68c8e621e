"""The staircase that a reader moves holds every combination offered."""

import json
import re

import numpy as np

from tinynets.explorables import nielsen


def test_every_position_of_the_sliders_has_its_curve():
    x = np.linspace(0, 1, 11)
    sums = {(n, w): x * n / w for n in (2, 4, 6) for w in (10, 100)}
    block = nielsen.bumps(x, x**2, sums, name="bumps", alt_text="curves")
    data = json.loads(re.search(r'data">(.*?)</script>', block.html)[1])
    controls = {control["name"]: control for control in data["controls"]}
    assert set(data["frames"]) == {f"{n},{w}" for n, w in sums}
    for (n, w), curve in sums.items():
        (line,) = data["frames"][f"{n},{w}"]["marks"]
        np.testing.assert_allclose(data["curves"][line["line"]], curve, atol=5e-4)
    assert controls["n"]["stops"] == [2, 4, 6] and controls["w"]["options"] == [10, 100]
    error = abs(sums[4, 10] - x**2).max()
    assert data["frames"]["4,10"]["says"] == f"Largest error with 4 bumps: {error:.3f}"
