"""The mark of tests that need compiled code; where there is none, CI stops instead."""

import os

import pytest

from tinynets._fast import build

found = build.library("double")
WHY = found if isinstance(found, str) else ""
if WHY and os.environ.get("CI") == "true":
    raise RuntimeError(f"CI=true, but {WHY}")
needs_compiler = pytest.mark.skipif(bool(WHY), reason=WHY)
