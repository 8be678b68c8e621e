"""What a reader takes along: notebooks, the reference, the status of pages, the site as a file."""
