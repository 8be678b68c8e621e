"""From executed pages to the site: documents, navigation, listings, search."""

from render.layout.site import build_site

__all__ = ["build_site"]
