"""Examples: the fenced blocks of a page, run in order against the page's own service."""
