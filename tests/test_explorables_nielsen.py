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
    spec, controls = data["spec"], {control["name"]: control for control in data["controls"]}
    rows = {
        (row["n"], row["w"]): row["f"]
        for source in spec["data"]
        for row in source.get("values", [])
        if "n" in row
    }
    assert set(rows) == set(sums)
    for key, curve in rows.items():
        np.testing.assert_allclose(curve, sums[key], atol=5e-4)
    assert (controls["n"]["min"], controls["n"]["max"]) == (2, 6)
    assert controls["w"]["options"] == [10, 100]
    said = next(s for s in spec["signals"] if s["name"] == "announce")
    error = abs(sums[4, 10] - x**2).max()
    assert f'"4,10": "{error:.3f}"' in json.dumps(said).replace('\\"', '"')
