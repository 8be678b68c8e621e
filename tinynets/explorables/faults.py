"""Faults that the reader plants into a sampler, and the checks that see them or don't."""

from tinynets import checks
from tinynets.explorables import Choice, Explorable, Slider, live
from tinynets.plots.stills import plot_checks

FAULTS = {
    "none": "No fault",
    "accept": "Every proposal accepted",
    "sign": "Acceptance with the wrong sign",
    "momentum": "Momentum kept, not drawn anew",
    "drop": "Refused proposals not counted again",
    "kick": "Last half kick forgotten",
    "gradient": "One gradient component 10 % too small",
}
CHECKS = {
    "moments": "Moments",
    "energy": "Acceptance rate",
    "rhat": "R-hat",
    "back": "Reversibility",
    "order": "Order of the energy error",
}


@checks.arguments()
def faults_explorable(
    *, name: str = "faults", bend: float = 0.3, width: float = 1.5, seed: int = 1
) -> Explorable:
    """Let the reader plant a fault into HMC on a banana and see which check sees it.

    Parameters
    ----------
    name : str
        Lower-case letters, digits and hyphens; unique on its page.
    bend, width : float
        Of the target, `targets.banana`.
    seed : int
        Of the random numbers, which are the same at each visit.

    Returns
    -------
    Explorable
        To end a cell with.

    Examples
    --------
    >>> faults_explorable().html[:24]
    '<div class="explorable" '
    """
    return live(
        name,
        module="faults",
        heights=(227, 184),
        title="Break the sampler",
        question="Plant a fault. Which check sees it, and after how many draws? Is there a fault "
        "that leaves the draws right, and one that only R-hat sees?",
        answer="No check sees them all. Dropped repeats show in the moments alone; a momentum that "
        "is kept shows in R-hat alone, and there in the log density, since each chain stays near "
        "the energy that it began with. Of a wrong gradient only the order of the energy error "
        "tells: acceptance still corrects the path, so the draws stay right and merely cost more.",
        alt_text="A table of five checks, each with a bar, the limit at its middle, and a verdict.",
        still=plot_checks(list(CHECKS.values())),
        controls=[
            Choice("fault", "Fault", list(FAULTS), "none", list(FAULTS.values())),
            Slider("step", "Step size ε", 0.6, 0.2, 0.7, 0.05),
        ],
        data={
            "names": CHECKS,
            "faults": FAULTS,
            "target": {"bend": bend, "width": width},
            "leapfrogs": 8,
            "seed": seed,
        },
        runs=True,
        step_label="One draw each",
    )
