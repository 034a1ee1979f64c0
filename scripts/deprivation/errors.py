"""Failures that are expected: each is one clear line to the user and a non-zero exit."""


class InputError(Exception):
    """An input that cannot be used: the message names the file, the fault and the remedy."""
