"""Documents: what becomes of an uploaded Markdown, HTML or PDF file."""
