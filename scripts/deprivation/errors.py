"""Failures that are expected: each is one clear line to the user and a non-zero exit."""


class ExpectedError(Exception):
    """A failure with a cause that the user can fix: the message says what, where and how."""


class UsageError(ExpectedError):
    """An unknown option, argument or variable: the message lists the known ones."""


class InputError(ExpectedError):
    """An input that cannot be used: the message names the file, the fault and the remedy."""


class FetchError(InputError):
    """A file that could not be fetched, or must not be used: the message says which and why."""


class BuildError(ExpectedError):
    """A build that must not be published: the message says why. The published file is untouched."""


class ExportError(ExpectedError):
    """Tables that could not be written elsewhere: the message says why. Nothing was changed."""
