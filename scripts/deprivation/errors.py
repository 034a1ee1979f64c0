"""Failures that are expected: each is one clear line to the user and a non-zero exit."""


class ExpectedError(Exception):
    """A failure with a cause that the user can mend: the message says what, where and how."""


class UsageError(ExpectedError):
    """An option, argument or variable that is not known: the message says which there are."""


class InputError(ExpectedError):
    """An input that cannot be used: the message names the file, the fault and the remedy."""


class FetchError(InputError):
    """A file that could not be had, or must not be used: the message says which and why."""


class BuildError(ExpectedError):
    """A build that must not be published: the message says why. The published file is untouched."""


class ExportError(ExpectedError):
    """Tables that could not be written elsewhere: the message says why. Nothing was changed."""
