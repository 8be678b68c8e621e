"""What is called for and not there is told with its line, in both engines."""

from __future__ import annotations

import pytest

from render.errors import RenderErrors
from render.executions import check_cells
from render.stamp import Stamps

BODY = """\
One[^none], [^a] and `[^b]`, $x[^2]$ and \\[^c].

```python
[^d]
```

{{< include parts/note.md >}}
{{< include nothere.md >}}

[^a]: Its text[^lost].
[^p]
"""


def test_notes_and_files_that_are_not_there_have_lines(site):
    site.page("a.qmd", BODY)
    site.write("parts/note.md", "[^p]: A text.\n")
    with pytest.raises(RenderErrors) as caught:
        check_cells(site.project, Stamps(site.project))
    assert [str(error) for error in caught.value.errors] == [
        "a.qmd:5: [^none] refers to no footnote; say it in the text, or drop it",
        "a.qmd:12: there is no nothere.md to include; give a path from here",
        "a.qmd:14: [^lost] refers to no footnote; say it in the text, or drop it",
    ]
