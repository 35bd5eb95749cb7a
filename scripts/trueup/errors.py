"""The one exception by which trueup says that it cannot do its work."""


class TrueupError(Exception):
    """Something outside the documentation is wrong: configuration, an import, an unreadable file.

    The text names the file or field, the value and the way out. The command line prints it on one line and exits
    with 2; drift between documents and code is never an error but a `Finding`.
    """
