"""Draw the pictures of pages in lists: `TINYNETS_DATA=… python -m tools.thumbnails [NAME]...`.

Each is a small run of what its page shows (two minutes in all, on MNIST).
They are committed, since a list needs a picture before any page has run.
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt

from tinynets.data import load_digits
from tinynets.plots import use_style
from tools.thumbnails import book, notes, posts

ROOT = Path(__file__).parents[2]


def name_of(draw):
    return draw.__name__.replace("_", "-")


def places():
    """What draws each picture, by where it goes."""
    found = {f"posts/{name_of(draw)}/thumbnail.svg": draw for draw in posts.DRAWN}
    found |= {f"notes/thumbnails/{name_of(draw)}.svg": draw for draw in notes.DRAWN}
    return found | {f"notes/nielsen/thumbnails/{name_of(draw)}.svg": draw for draw in book.DRAWN}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="of pages, such as linear-nets; all if left out")
    names = parser.parse_args().names
    use_style()
    digits = load_digits()
    for place, draw in places().items():
        if not names or name_of(draw) in names:
            draw(digits)
            plt.savefig(ROOT / place, metadata={"Date": None})
            plt.close("all")
            print(f"{place}: {(ROOT / place).stat().st_size / 1024:.0f} KB")


if __name__ == "__main__":
    main()
