"""What is wrong with a document as a whole."""


class DocumentError(ValueError):
    """The file cannot be processed: it is empty, too large, encrypted, broken or of another kind.

    It is permanent, as every error is that nobody has called transient. It does not inherit from PermanentError, whose
    module takes longer to import than most documents take to be read, and it is raised in a process of its own.
    """
