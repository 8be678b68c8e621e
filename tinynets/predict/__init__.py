r"""Training in closed form: what gradient descent does to an infinitely wide network.

Conventions, for everything here. There are n training inputs and N = `y.numel()` target
entries (n times the number of outputs). Time is that of gradient flow with learning rate 1 on
the loss $\frac{1}{2N} \lVert f - y \rVert^2$: step k of gradient descent with learning rate
$\eta$ is time $\eta k$. An NTK is given as (n1, n2) if outputs don't mix (an analytic one, or
an empirical trace *divided by the number of outputs*), or whole as (n1, n2, outputs, outputs).
Then the outputs at training inputs follow

$$\dot f = -\tfrac1N\, \Theta\, (f - y).$$

References
----------
Jacot, Gabriel and Hongler (2018); Lee et al. (2019), Eqs. (8) to (16).
"""

from tinynets.predict.closed_form import Ensemble, GradientFlow, largest_learning_rate
from tinynets.predict.evidence import Choice, maximise_evidence
from tinynets.predict.ode import integrate
from tinynets.predict.shapes import as_matrix

__all__ = [
    "Choice",
    "Ensemble",
    "GradientFlow",
    "as_matrix",
    "integrate",
    "largest_learning_rate",
    "maximise_evidence",
]
