"""The page of the drawn digit stops when a claim of its own is broken, as `test_claims.py` has it."""

import pytest
import torch
from claims import cell_with

DIGIT = "posts/draw-a-digit/index.qmd"


def facts_of_drawings():
    """Accuracies of three nets, drawings and what came back, on small images."""
    images = torch.linspace(0, 1, 640).view(10, 8, 8)
    turned = torch.zeros(3, 6, 6)
    turned[:, 1, 4] = torch.tensor([0.68, 0.7, 0.72])
    right = {
        (name, way): share + torch.tensor([-0.01, 0.0, 0.01])
        for name in ("masks", "cube")
        for way, share in (("prepared", 0.87), ("only shrunk", 0.2))
    }
    fed = {"prepared": images.flatten(1).clone()}
    return {"right": right, "fed": fed, "images": images, "turned": turned}


def run_drawings(facts):
    """Run what claims in the page's cells, on these facts."""
    scope = {"N_NETS": 3, "is_mnist": False, "side": 8, "PATCH": 3} | facts
    boxed, rubbed = cell_with(DIGIT, "def paired"), cell_with(DIGIT, "mean_turned = ")
    exec(boxed[boxed.index("def percent") :], scope)
    exec(rubbed[rubbed.index("mean_turned = ") :], scope)


def read_without_boxing(facts):
    facts["right"]["cube", "only shrunk"] = facts["right"]["cube", "prepared"] - 0.1


def return_other_images(facts):
    facts["fed"]["prepared"][:3] += 0.1


def move_the_arc_down(facts):
    facts["turned"] = facts["turned"].flip(1)


def turn_nines_anywhere(facts):
    facts["turned"] = facts["turned"] + 0.1


def test_the_drawn_digit_holds_as_it_is():
    run_drawings(facts_of_drawings())


@pytest.mark.parametrize(
    "spoil", [read_without_boxing, return_other_images, move_the_arc_down, turn_nines_anywhere]
)
def test_the_drawn_digit_stops(spoil):
    facts = facts_of_drawings()
    spoil(facts)
    with pytest.raises(AssertionError):
        run_drawings(facts)
