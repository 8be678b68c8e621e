"""Turns what a cell gave into Markdown, in the shapes that Quarto gives it."""

from __future__ import annotations

import ast
import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from render.cells import Cell
from render.errors import RenderError

# Quarto's order for HTML, without what may not leave a cell.
_REFUSED = ("text/html", "application/javascript")
_MIMES = ("text/markdown", "image/svg+xml", "image/png", "image/jpeg", "text/plain")
_PHONE = "image/x-phone+svg"  # a figure's second layout, from `tinynets.plots.phone`
_IMAGES = {"image/svg+xml": "svg", "image/png": "png", "image/jpeg": "jpeg"}
_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_CELL_FILE = re.compile(r"(?<!\S)\S{0,400}/ipykernel_\d+/\d+\.py:(\d+)")  # differs at each run
_DISCARDED = ("[<matplotlib", "<matplotlib", "<seaborn.", "<ggplot:")


@dataclass(frozen=True)
class Shown:
    """What of a cell is shown: its own options over the page's."""

    echo: bool
    output: bool | str
    include: bool
    warning: bool

    @classmethod
    def of(cls, cell: Cell, defaults: Mapping) -> Shown:
        options = {"echo": True, "output": True, "include": True, "warning": True}
        options |= {key: defaults[key] for key in options if key in defaults}
        options |= {key: cell.options[key] for key in options if key in cell.options}
        return cls(**options)


@dataclass(frozen=True)
class FigureFolder:
    """Where images go: `base/<name>`, with `name` as the page's Markdown says it."""

    base: Path
    name: str

    def write(self, name: str, mime: str, data: str) -> str:
        """Write an image; return its address as seen from the page."""
        address = f"{self.name}/{name}.{_IMAGES[mime]}"
        path = self.base / address
        path.parent.mkdir(parents=True, exist_ok=True)
        if mime == "image/svg+xml":
            path.write_text(data, encoding="utf-8")
        else:
            path.write_bytes(base64.b64decode(data))
        return address


def cell_markdown(
    cell: Cell, outputs: list, shown: Shown, figures: FigureFolder, source: str
) -> str:
    """Return the Markdown of a cell that was run.

    Raises
    ------
    RenderError
        It emitted HTML, JavaScript or a widget, which may not leave a cell.
    """
    if not shown.include:
        return ""
    outputs = _kept(outputs, shown) if shown.output else []
    if not cell.code.strip() and not outputs:
        return ""
    is_asis = shown.output == "asis"
    code = _code(cell) if shown.echo else ""
    parts = [
        _output(cell, output, index, outputs, is_asis, figures, source)
        for index, output in enumerate(outputs)
    ]
    body = code + "".join(parts)
    head, needs_div = _div(cell, outputs)
    if body and (needs_div or not is_asis):
        caption = _cell_caption(cell)
        body = f"{head}{body}\n{caption}\n:::\n" if caption else f"{head}{body}:::\n"
    return "".join(
        f"{cell.indent}{line}" if line.strip() else line for line in body.splitlines(keepends=True)
    )


def inline_markdown(expression: str, reply: Mapping, source: str, line: int) -> str:
    """Return the Markdown of an inline value: a number, or a text (escaped).

    Raises
    ------
    RenderError
        The expression failed, or is neither a number nor a text.
    """
    if reply.get("status") != "ok":
        raise RenderError(
            f"`{{python}} {expression}` failed: {reply.get('ename')}: {reply.get('evalue')}; "
            "compute a name in a cell above, then show that name",
            page=source,
            line=line,
        )
    data = reply["data"]
    if "text/markdown" in data and "text/html" not in data:
        return data["text/markdown"]
    text = data.get("text/plain", "")
    if re.fullmatch(r"-?\d+(\.\d+)?(e[+-]?\d+)?", text):
        return text
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        value = None
    if not isinstance(value, str):
        raise RenderError(
            f"inline value `{expression}` must be a number or a text, got {text}; "
            'make it one in a cell, as in shown = f"{value:.2f}"',
            page=source,
            line=line,
        )
    # As Quarto has it, from the inside of Python's repr.
    return re.sub(r"([\\`*_{}\[\]()>#+-.!])", r"\\\1", text[1:-1].replace("\\", "\\\\"))


def _kept(outputs: list, shown: Shown) -> list:
    has_image = any(_mime(output) in _IMAGES for output in outputs)
    return [
        output
        for output in outputs
        if not (
            output["output_type"] == "stream" and output["name"] == "stderr" and not shown.warning
        )
        and not _is_discarded(output, has_image)
    ]


def _is_discarded(output: Mapping, has_image: bool) -> bool:
    """Tell whether this is the `[<matplotlib.lines.Line2D …>]` of a plotting call."""
    if output["output_type"] != "execute_result" or set(output["data"]) != {"text/plain"}:
        return False
    text = output["data"]["text/plain"]
    if has_image and "\n" not in text.strip():
        return bool(re.match(r"^[<(\[].*?[>)\]]$", text.strip()))
    return text.startswith(_DISCARDED)


def _is_display(output: Mapping) -> bool:
    return output["output_type"] in ("display_data", "execute_result")


def _mime(output: Mapping) -> str | None:
    if not _is_display(output):
        return None
    return next((mime for mime in _MIMES if mime in output["data"]), None)


def _code(cell: Cell) -> str:
    ticks = _ticks(cell.code)
    attributes = "".join(
        f' {key}="{_plain(cell.options[key])}"'
        for key in ("code-fold", "code-summary")
        if key in cell.options
    )
    return f"{ticks} {{.python .cell-code{attributes}}}\n{cell.code}\n{ticks}\n"


def _plain(value) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value).replace('"', '\\"')


def _ticks(text: str) -> str:
    longest = max((len(run) for run in re.findall(r"^\s*(`+)", text, re.MULTILINE)), default=0)
    return "`" * max(3, longest + 1)


def _div(cell: Cell, outputs: list) -> tuple[str, bool]:
    """Return the line that opens a cell's div, and whether `asis` needs it too."""
    options, label = cell.options, cell.options.get("label")
    labelled = bool(label) and _labels_cell(cell, outputs)
    parts = [f"#{label}" if labelled else f"#cell-{label or cell.number}", ".cell"]
    classes = options.get("classes", [])
    classes = classes.split() if isinstance(classes, str) else list(classes)
    classes += [f"column-{options['column']}"] if "column" in options else []
    parts += [f".{name.removeprefix('.')}" for name in classes]
    forwarded = [key for key in options if key.startswith("layout") or key == "tbl-cap"]
    for key in forwarded:
        parts.append(f"{key}={_quoted(options[key])}")
    parts.append(f"execution_count={cell.number}")
    captioned = bool(options.get("fig-cap"))
    return f"::: {{{' '.join(parts)}}}\n", labelled or bool(classes or forwarded) or captioned


def _quoted(value) -> str:
    text = value if isinstance(value, str) else str(value)
    text = " ".join(text.split()).replace("\\", "\\\\").replace("'", "\\'")
    return f"'{text}'"


def _labels_cell(cell: Cell, outputs: list) -> bool:
    """Tell whether the label goes to the cell, rather than to its only output."""
    displays = [output for output in outputs if _is_display(output)]
    if not displays or cell.options["label"].startswith("tbl-"):
        return True
    return len(displays) > 1 and not isinstance(cell.options.get("fig-cap"), list)


def _cell_caption(cell: Cell) -> str | None:
    return cell.options.get("fig-cap") if "fig-subcap" in cell.options else None


def _output_captions(cell: Cell) -> list[str]:
    if "fig-subcap" in cell.options:
        captions = cell.options["fig-subcap"]
        captions = [""] if captions is True else captions
    else:
        captions = cell.options.get("fig-cap", [])
    captions = [captions] if isinstance(captions, str) else captions
    return [" ".join(caption.split()) for caption in captions]


def _output(
    cell: Cell,
    output: Mapping,
    index: int,
    outputs: list,
    is_asis: bool,
    figures: FigureFolder,
    source: str,
) -> str:
    if output["output_type"] == "stream":
        text = output["text"]
        if is_asis and output["name"] == "stdout":
            return text
        return _in_div(f"cell-output-{output['name']}", None, None, _fenced(text), is_asis)
    if output["output_type"] == "error":
        text = "\n".join(output["traceback"]) or f"{output['ename']}: {output['evalue']}"
        return _in_div("cell-output-error", None, None, _fenced(text), is_asis)
    return _display(cell, output, index, outputs, is_asis, figures, source)


def _display(
    cell: Cell,
    output: Mapping,
    index: int,
    outputs: list,
    is_asis: bool,
    figures: FigureFolder,
    source: str,
) -> str:
    _refuse(cell, output, source)
    mime = _mime(output)
    place = sum(map(_is_display, outputs[:index]))
    captions = _output_captions(cell)
    caption = captions[place] if place < len(captions) else ""
    label = cell.options.get("label")
    if label and _labels_cell(cell, outputs):
        label = f"{label}-{place + 1}"
    if mime in _IMAGES:
        content, on_div = _image(cell, output, mime, label, caption, index, figures), None
    else:
        is_table = (cell.options.get("label") or "").startswith("tbl-")
        content = _text_output(output, mime)
        content += f"\n{caption}\n" if caption else ""
        on_div = None if is_table else label
    kind = "cell-output-display"
    kind += " .cell-output-markdown" if mime == "text/markdown" else ""
    return _in_div(kind, on_div, output.get("execution_count"), content, is_asis)


def _refuse(cell: Cell, output: Mapping, source: str) -> None:
    data = output["data"]
    found = [m for m in data if m in _REFUSED or m.startswith("application/vnd.")]
    if found:
        raise RenderError(
            f"emits {found[0]}, which may not leave a cell; show a table as Markdown "
            "(display(Markdown(...))), a figure as SVG or PNG, an explorable as raw HTML "
            "in a Markdown output",
            page=source,
            line=cell.line,
            cell=cell.name,
        )
    if _mime(output) is None and "text/latex" not in data:
        raise RenderError(
            f"emits {', '.join(data) or 'nothing that can be shown'}; "
            f"expected one of {', '.join(_MIMES)}",
            page=source,
            line=cell.line,
            cell=cell.name,
        )


def _text_output(output: Mapping, mime: str | None) -> str:
    latex = output["data"].get("text/latex", "").strip()
    is_math = latex.startswith("$") and latex.endswith("$")
    is_math = is_math or (latex.startswith("\\begin{") and "\\end{" in latex)
    if mime != "text/markdown" and is_math:
        return f"{latex}\n"
    text = output["data"].get(mime or "", "")
    return f"{text}\n" if mime == "text/markdown" else _fenced(text)


def _fenced(text: str) -> str:
    text = _CELL_FILE.sub(r"line \1", _ANSI.sub("", text))
    ticks, body = _ticks(text), text.removesuffix("\n")
    return f"{ticks}\n{body}\n{ticks}\n"


def _in_div(kind: str, label: str | None, count: int | None, content: str, is_asis: bool) -> str:
    if is_asis:
        return content
    parts = [f"#{label}"] if label else []
    parts += [".cell-output", f".{kind}"]
    parts += [f"execution_count={count}"] if count is not None else []
    return f"\n::: {{{' '.join(parts)}}}\n{content}:::\n"


def _image(
    cell: Cell,
    output: Mapping,
    mime: str,
    label: str | None,
    caption: str,
    index: int,
    figures: FigureFolder,
) -> str:
    name = f"{(cell.options.get('label') or f'cell-{cell.number + 1}').lower()}-output-{index + 1}"
    address = figures.write(name, mime, output["data"][mime])
    if _PHONE in output["data"]:
        figures.write(f"{name}-phone", "image/svg+xml", output["data"][_PHONE])
    size = output.get("metadata", {}).get(mime, {})
    attributes = [f"#{label}"] if label else []
    attributes += [f"{key}={size[key]}" for key in ("width", "height") if size.get(key)]
    for key in ("fig-align", "fig-alt"):
        value = cell.options.get(key)
        value = value[index] if isinstance(value, list) and index < len(value) else value
        attributes += [f"{key}={_quoted(value)}"] if isinstance(value, str) else []
    ending = f"{{{' '.join(attributes)}}}" if attributes else ""
    return f"![{caption}]({address}){ending}\n"
