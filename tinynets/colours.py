"""The site's palette, for figures, live figures and pages alike.

Every colour reads on the light page and on the dark one: its contrast is at
least 3:1 on both. One colour means one thing across the site.
"""

from tinynets import checks

INK = "#707883"  # text, axes and whatever stands back: 4.2:1 on both pages
BLUE, VERMILION, GREEN = "#0072b2", "#d55e00", "#009e73"
PALETTE = (
    BLUE,
    VERMILION,
    GREEN,
    "#b8479e",
    "#866500",
    "#7461e8",
    "#2f97b8",
    "#b04a42",
    "#6f7782",
    "#e8688a",
)
# What a colour becomes in a figure on a light page, and on a dark one.
THEMED = {
    INK: ("#5b626b", "#a5aab1"),
    BLUE: ("#0072b2", "#4196c6"),
    VERMILION: ("#bf5400", "#da721f"),
    GREEN: ("#008560", "#09a178"),
    "#b8479e": ("#b8479e", "#c870b3"),
    "#866500": ("#866500", "#a48c40"),
    "#7461e8": ("#7260e4", "#8e7fec"),
    "#2f97b8": ("#277d99", "#3399b9"),
    "#b04a42": ("#b04a42", "#c57a74"),
    "#6f7782": ("#6d7580", "#888f98"),
    "#e8688a": ("#b8536e", "#e8688a"),
}


@checks.arguments()
def class_colours(n_classes: int) -> list[str]:
    """Give one colour a class, the same on every page.

    Parameters
    ----------
    n_classes : int
        Number of classes, from 1 to 10. Ten colours can't all be told apart
        by every eye: label directly wherever there are more than three.

    Returns
    -------
    list of str
        Hexadecimal colours.

    Raises
    ------
    ValueError
        If there are fewer classes than 1 or more than 10.

    Examples
    --------
    >>> class_colours(2)
    ['#0072b2', '#d55e00']
    """
    if not 1 <= n_classes <= len(PALETTE):
        raise ValueError(
            f"n_classes must be from 1 to {len(PALETTE)}, got {n_classes!r}; "
            "draw more classes as small multiples instead"
        )
    return list(PALETTE[:n_classes])


@checks.arguments()
def themed_classes(n_classes: int) -> list[str]:
    """Give the classes' colours as CSS that knows light from dark.

    Parameters
    ----------
    n_classes : int
        Number of classes, from 1 to 10.

    Returns
    -------
    list of str
        Such as `light-dark(#0072b2, #4196c6)`.
    """
    return ["light-dark({}, {})".format(*THEMED[one]) for one in class_colours(n_classes)]
