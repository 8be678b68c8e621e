"""What a page is after its cells have run, and how it fails."""

from __future__ import annotations

import asyncio
import os
import shutil
import time

import pytest

from render.assemble import assemble, without_cells
from render.cells import split_page
from render.errors import RenderError
from render.execute import execute
from render.kernel import Kernel
from render.stamp import may_run


def run(site, body, *, timeout=60.0, head="title: A page\n", seen=None):
    page = site.page("posts/a/index.qmd", body, head=head)
    note = (lambda *call: seen.append(call[1:])) if seen is not None else (lambda *call: None)
    folder = site.root / "files"
    parts = split_page(page)
    if not may_run(parts):
        return without_cells(page, parts)
    done = asyncio.run(
        execute(page, parts, site.project, files_dir=folder, timeout=timeout, progress=note)
    )
    return assemble(page, parts, done)


def failure(site, body, **options):
    with pytest.raises(RenderError) as caught:
        run(site, body, **options)
    return caught.value


def cell(code, *options):
    return "```{python}\n" + "".join(f"#| {o}\n" for o in options) + code + "\n```\n"


def test_outputs_have_quartos_shapes(site):
    body = "".join(
        [
            "Before.\n\n",
            cell("from IPython.display import Markdown, display\nn, name = 3, 'a_b'"),
            cell("print('one')\nprint('two')\nn", "code-fold: true", 'code-summary: "See"'),
            cell("Markdown('| a |\\n|---|\\n| 1 |')", "label: tbl-a", 'tbl-cap: "It\'s one."'),
            cell("print('*raw*')", "output: asis", "echo: false"),
            cell("secret = 1", "include: false"),
            cell("never", "eval: false"),
            cell("1 / 0", "error: true"),
            cell("import sys\nprint('hush', file=sys.stderr)\nprint('loud')", "echo: false"),
            cell("print('loud', file=__import__('sys').stderr)", "warning: true", "echo: false"),
            "- item\n\n  ```{python}\n  'in a list'\n  ```\n",
            "\nWe have `{python} n` of `{python} name`.\n",
        ]
    )
    done = run(site, body)
    text = done.markdown
    assert text.startswith("---\ntitle: A page\n---\n\nBefore.\n")
    assert (
        """\
::: {#cell-2 .cell execution_count=2}
``` {.python .cell-code code-fold="true" code-summary="See"}
print('one')
print('two')
n
```

::: {.cell-output .cell-output-stdout}
```
one
two
```
:::

::: {.cell-output .cell-output-display execution_count=2}
```
3
```
:::
:::
"""
        in text
    )
    assert "::: {#tbl-a .cell tbl-cap='It\\'s one.' execution_count=3}\n" in text
    assert (
        "::: {.cell-output .cell-output-display .cell-output-markdown execution_count=3}\n"
        "| a |\n|---|\n| 1 |\n:::\n:::\n"
    ) in text
    assert "\n\n*raw*\n\n" in text
    assert "secret" not in text
    assert "``` {.python .cell-code}\nnever\n```\n:::\n" in text
    assert "cell-output-error}\n```\n---" in text
    assert "ZeroDivisionError: division by zero\n```\n" in text
    assert "hush" not in text
    assert "cell-output-stderr}\n```\nloud\n```" in text
    assert "\n  ::: {#cell-10 .cell execution_count=10}\n  ``` {.python .cell-code}\n  'in" in text
    assert "We have 3 of a\\_b.\n" in text
    lines = text.splitlines()
    assert len(done.lines) == len(lines)
    source = done.page.text.splitlines()
    told = done.lines[lines.index("We have 3 of a\\_b.")]
    assert source[told - 1] == "We have `{python} n` of `{python} name`."


def test_figures_are_files_as_quarto_names_them(site):
    body = (
        cell(
            "import matplotlib.pyplot as plt\nfrom matplotlib_inline.backend_inline "
            "import set_matplotlib_formats as formats\nformats('svg')"
        )
        + cell(
            "print('one line')\nplt.plot([1, 2])",
            "label: fig-a",
            'fig-cap: "A *line*."',
            'fig-alt: "It rises."',
        )
        + cell(
            "for i in range(2):\n    plt.plot([i])\n    plt.show()",
            "label: fig-b",
            'fig-cap: "Both."',
            'fig-subcap: ["L", "R"]',
            'fig-alt: ["l", "r"]',
            "layout-ncol: 2",
        )
        + cell("formats('retina')\nplt.plot([1])")
    )
    done = run(site, body)
    folder = "index_files/figure-html"
    assert "Line2D" not in done.markdown
    assert (
        f"![A *line*.]({folder}/fig-a-output-2.svg){{#fig-a fig-alt='It rises.'}}\n"
        in done.markdown
    )
    assert "::: {#cell-fig-a .cell execution_count=2}" in done.markdown
    assert "::: {#fig-b .cell layout-ncol='2' execution_count=3}" in done.markdown
    assert f"![R]({folder}/fig-b-output-2.svg){{#fig-b-2 fig-alt='r'}}\n" in done.markdown
    assert "\nBoth.\n:::\n" in done.markdown
    svg = (done.files_dir / folder / "fig-a-output-2.svg").read_text()
    assert "<svg" in svg
    png = (done.files_dir / folder / "cell-5-output-1.png").read_bytes()
    assert png.startswith(b"\x89PNG")
    width = int.from_bytes(png[16:20], "big")
    assert f"cell-5-output-1.png){{width={width // 2} height=" in done.markdown


def test_figures_are_set_up_as_quarto_does_once_a_page_draws(site):
    options = ("output: asis", "echo: false")
    settings = "plt.rcParams['figure.figsize'], plt.rcParams['figure.dpi']"
    done = run(
        site,
        cell("import sys\nprint('drawn' if 'matplotlib' in sys.modules else 'plain')", *options)
        + cell(f"import matplotlib.pyplot as plt\nprint({settings})", *options)
        + cell("plt.rcParams['figure.dpi'] = 60\nplt.plot([1])")
        + cell(f"print({settings})", *options),
        head="title: A page\nexecute:\n  fig-width: 4.5\n  fig-height: 3\n  fig-dpi: 120\n",
    )
    assert "plain\n" in done.markdown, "matplotlib takes longer than all else of a start"
    assert "[4.5, 3.0] 120.0\n" in done.markdown
    assert "[4.5, 3.0] 60.0\n" in done.markdown, "the first figure leaves what a page has set"
    png = (done.files_dir / "index_files/figure-html/cell-4-output-1.png").read_bytes()
    assert int.from_bytes(png[16:20], "big") == pytest.approx(2 * 60 * 4.5, rel=0.15), "retina"


def test_a_failing_cell_is_told_in_the_pages_lines(site):
    site.write("posts/a/helper.py", "def half(x):\n    return x / 0\n")
    body = (
        "Text.\n\n"
        + cell("import helper\n\ndef f(x):\n    return helper.half(x)")
        + cell("x = 1\nf(x)", "label: breaks")
    )
    error = failure(site, body)
    source = (site.root / "posts/a/index.qmd").read_text().splitlines()
    assert (error.page, error.cell) == ("posts/a/index.qmd", "breaks")
    assert source[error.line - 1] == "f(x)"
    assert error.message == "raised ZeroDivisionError: division by zero"
    assert "posts/a/helper.py:2 in half" in error.details
    assert (
        f"posts/a/index.qmd:{source.index('    return helper.half(x)') + 1} in f" in error.details
    )
    assert "\x1b" not in str(error)
    assert "IPython" not in error.details


@pytest.mark.parametrize(
    ("code", "says", "at"),
    [
        ("x = 1\nx = (", "SyntaxError", "x = ("),
        ("assert 1 == 2, 'one is not two'", "AssertionError: one is not two", "assert"),
        (
            "try:\n    1 / 0\nexcept ZeroDivisionError as e:\n    raise ValueError('b') from e",
            "ValueError: b",
            "    raise",
        ),
    ],
)
def test_other_failures_are_told_with_their_line(site, code, says, at):
    error = failure(site, cell(code))
    assert says in error.message
    line = (site.root / "posts/a/index.qmd").read_text().splitlines()[error.line - 1]
    assert line.startswith(at)


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("class A:\n    def _repr_html_(self):\n        return '<table>'\nA()", "emits text/html"),
        ("from IPython.display import Javascript\nJavascript('1')", "emits application/javascript"),
    ],
)
def test_html_may_not_leave_a_cell(site, code, says):
    unseen = cell(code, "output: false")
    error = failure(site, unseen + cell(code, "label: shows"))
    assert says in error.message
    assert (error.cell, error.line) == ("shows", 5 + unseen.count("\n"))


def test_raw_html_in_markdown_may(site):
    done = run(site, cell("from IPython.display import Markdown\nMarkdown('<b>x</b>')"))
    assert "<b>x</b>" in done.markdown


@pytest.mark.parametrize(
    ("expression", "says"),
    [
        ("nothing", "NameError"),
        ("[1]", "must be a number or a text, got [1]"),
        ("float('nan')", "must be a number or a text, got nan"),
    ],
)
def test_a_wrong_inline_value_is_told(site, expression, says):
    error = failure(site, f"One.\n\nTwo `{{python}} {expression}`.\n")
    assert says in error.message
    assert error.line == 7


def test_a_kernel_that_dies_is_told(site):
    error = failure(site, cell("import os\nos._exit(3)", "label: dies"))
    assert "died without a traceback" in error.message
    assert (error.cell, error.line) == ("dies", 5)


def test_a_cell_that_takes_too_long_is_told_and_its_kernel_ended(site):
    started = time.monotonic()
    body = cell("import os, pathlib\npathlib.Path('pid').write_text(str(os.getpid()))") + cell(
        "import time\ntime.sleep(100)", "label: sleeps"
    )
    error = failure(site, body, timeout=2)
    assert "took longer than 2 s" in error.message
    assert error.cell == "sleeps"
    assert time.monotonic() - started < 40
    with pytest.raises(ProcessLookupError):
        os.kill(int((site.root / "posts/a/pid").read_text()), 0)


def test_the_kernel_is_this_python_in_the_pages_folder(site):
    import sys

    done = run(site, cell("import os, sys\nprint(sys.executable, os.getcwd())", "output: asis"))
    assert f"{sys.executable} {site.root / 'posts' / 'a'}" in done.markdown


def test_progress_counts_cells(site):
    seen = []
    run(site, cell("1", "label: one") + cell("2"), seen=seen)
    assert seen == [(0, 2, "one"), (1, 2, "#2"), (2, 2, "")]


def test_a_page_without_cells_starts_no_kernel(site, monkeypatch):
    monkeypatch.setattr("render.execute.start_kernel", None)
    assert run(site, "Text.\n").markdown == "---\ntitle: A page\n---\n\nText.\n"


def test_an_inline_value_that_takes_too_long_is_told(site):
    error = failure(site, "`{python} __import__('time').sleep(300)`\n", timeout=2.0)
    assert str(error).startswith("posts/a/index.qmd:5: inline values took longer than 2 s")


def test_a_cell_that_shows_too_much_is_told(site):
    error = failure(site, cell("print('x' * 1_200_000)", "label: long"), timeout=60.0)
    told = "posts/a/index.qmd:5: cell long: shows 1,200,001 characters; show a part"
    assert str(error).startswith(told)


def test_a_page_whose_folder_goes_while_its_kernel_starts_is_told_so(site, monkeypatch):
    page = site.page("posts/a/index.qmd", cell("1"))

    async def removed(*_, **__):
        shutil.rmtree(page.path.parent)
        return {}  # what a kernel answers that has no folder any more

    monkeypatch.setattr(Kernel, "ask", removed)
    with pytest.raises(RenderError, match="its folder is gone; was the page moved or removed"):
        asyncio.run(
            execute(
                page,
                split_page(page),
                site.project,
                files_dir=site.root / "files",
                timeout=60.0,
                progress=lambda *call: None,
            )
        )
