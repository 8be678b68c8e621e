"""Controls of a figure that moves: native HTML, and what `explore/` must know of them."""

import html
from collections.abc import Sequence
from dataclasses import dataclass

from tinynets import checks


@dataclass(frozen=True)
class Slider:
    """A number between two others, or one of a row of stops.

    Parameters
    ----------
    name, label : str
        The parameter's name, as in the address, and what stands beside it.
    value : float
        Where the slider starts.
    low, high, step : float, optional
        Its range; not with `stops`.
    stops : sequence of float, optional
        The values it can have, ascending, where they are not evenly spaced.
    labels : sequence of str, optional
        What is shown for each stop, such as "step 200"; the number itself by default.
    unit : str
        Written behind the number.
    """

    name: str
    label: str
    value: float
    low: float | None = None
    high: float | None = None
    step: float | None = None
    stops: Sequence[float] | None = None
    labels: Sequence[str] | None = None
    unit: str = ""

    def __post_init__(self):
        _check_texts(self)
        checks.fitting(vars(self), {"value": "finite", "stops": "finite n"})
        if self.stops is None:
            if None in (self.low, self.high, self.step):
                raise ValueError(f"slider {self.name!r} needs low, high and step, or stops")
            if not self.low <= self.value <= self.high:
                raise ValueError(
                    f"value of slider {self.name!r} must lie between {self.low} and "
                    f"{self.high}, got {self.value}"
                )
        elif self.value not in checks.sequence("stops", self.stops):
            raise ValueError(
                f"value of slider {self.name!r} must be one of its stops, got {self.value}"
            )
        if self.labels is not None and (self.stops is None or len(self.labels) != len(self.stops)):
            raise ValueError(f"slider {self.name!r} must have one label for each of its stops")

    @classmethod
    def over_training(cls, steps: Sequence[int]) -> "Slider":
        """Return a slider over moments of a training, which starts at the last.

        Parameters
        ----------
        steps : sequence of int
            Training steps done at each moment, ascending.

        Returns
        -------
        Slider
            Called `time`; shows `step 1,000`.
        """
        labels = [f"step {step:,}" for step in steps]
        return cls("time", "Time", steps[-1], stops=list(steps), labels=labels)

    def data(self) -> dict:
        """Return what the shell is told of the control."""
        if self.stops is not None:
            kind = {"stops": list(self.stops)}
        else:
            kind = {"min": self.low, "max": self.high, "step": self.step}
        return _data("range", self, **kind, labels=self.labels and list(self.labels))

    def html(self, id_: str) -> str:
        """Return the native control with its label and its value."""
        if self.stops is None:
            low, high, step, value = self.low, self.high, self.step, self.value
        else:
            stops = list(self.stops)
            low, high, step, value = 0, len(stops) - 1, 1, stops.index(self.value)
        shown = f"{self.value:.10g}{self.unit}".replace("-", "−")  # as state.js writes it
        if self.labels is not None:
            shown = self.labels[list(self.stops).index(self.value)]
        return _row(
            "range",
            f"{_label(id_, self.label)}"
            f'<input id="{id_}" type="range" min="{low}" max="{high}" step="{step}" '
            f'value="{value}" autocomplete="off">'
            f'<span class="explorable-value" aria-hidden="true">{html.escape(str(shown))}</span>',
        )


@dataclass(frozen=True)
class Choice:
    """One of several options, in a menu.

    Parameters
    ----------
    name, label : str
    options : sequence of str or int
        What the parameter can be.
    labels : sequence of str, optional
        What the menu says; the options themselves by default.
    value : str or int
        The option chosen at the start.
    """

    name: str
    label: str
    options: Sequence
    value: object
    labels: Sequence[str] | None = None

    def __post_init__(self):
        _check_texts(self)
        checks.choice(self.name, self.value, tuple(checks.sequence("options", self.options)))

    def data(self) -> dict:
        """Return what the shell is told of the control."""
        return _data("choice", self, options=list(self.options))

    def html(self, id_: str) -> str:
        """Return the native control with its label."""
        options = "".join(
            f'<option value="{html.escape(str(option))}"'
            f"{' selected' if option == self.value else ''}>{html.escape(str(label))}</option>"
            for option, label in zip(self.options, self.labels or self.options, strict=True)
        )
        return _row(
            "choice",
            f'{_label(id_, self.label)}<select id="{id_}" autocomplete="off">{options}</select>',
        )


@dataclass(frozen=True)
class Switch:
    """Something that is on or off.

    Parameters
    ----------
    name, label : str
    value : bool
        Whether it is on at the start.
    """

    name: str
    label: str
    value: bool = False

    def __post_init__(self):
        _check_texts(self)

    def data(self) -> dict:
        """Return what the shell is told of the control."""
        return _data("switch", self)

    def html(self, id_: str) -> str:
        """Return the native control within its label."""
        checked = " checked" if self.value else ""
        return _row(
            "switch",
            f'<label for="{id_}"><input id="{id_}" type="checkbox"{checked}>'
            f"{html.escape(self.label)}</label>",
        )


@dataclass(frozen=True)
class Points:
    """Points that are dragged in the picture; it has no control beside it.

    Parameters
    ----------
    name, label : str
    value : sequence of tuple of float
        Where the points are at the start.
    low, high : sequence of float
        Bounds of each coordinate; with one coordinate the points are numbers on a line.
    step : float
        To which a coordinate is rounded, in the address too.
    least, most : int
        How many points there may be; as many as at the start by default.
    """

    name: str
    label: str
    value: Sequence[Sequence[float]]
    low: Sequence[float]
    high: Sequence[float]
    step: float
    least: int | None = None
    most: int | None = None

    def __post_init__(self):
        _check_texts(self)
        for point in self.value:
            if len(point) != len(self.low) or not all(
                a <= x <= b for a, x, b in zip(self.low, point, self.high, strict=True)
            ):
                raise ValueError(
                    f"points {self.name!r} must lie between {self.low} and {self.high}, got {point}"
                )

    def data(self) -> dict:
        """Return what the shell is told of the control."""
        start = [list(point) for point in self.value]
        return _data(
            "points",
            self,
            initial=start,
            min=list(self.low),
            max=list(self.high),
            step=self.step,
            least=len(start) if self.least is None else self.least,
            most=len(start) if self.most is None else self.most,
        )

    def html(self, id_: str) -> str:
        """Return nothing: the handles are made where the figure runs."""
        return ""


Control = Slider | Choice | Switch | Points


def _data(kind: str, control: Control, **more) -> dict:
    known = {"name": control.name, "kind": kind, "label": control.label, "initial": control.value}
    unit = getattr(control, "unit", "")
    known |= {"unit": unit} if unit else {}
    return known | {key: value for key, value in more.items() if value is not None}


def _label(id_: str, text: str) -> str:
    return f'<label for="{id_}">{html.escape(text)}</label>'


def _row(kind: str, inner: str) -> str:
    return f'<div class="explorable-control is-{kind}">{inner}</div>'


def _check_texts(control) -> None:
    for name in ("name", "label"):
        if not isinstance(value := getattr(control, name), str):
            raise TypeError(f"{name} of a {type(control).__name__} must be a str, got {value!r}")
