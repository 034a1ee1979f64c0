"""What sqlfluff takes for `deprivation.` in macros: any macro of ours, rendered as a column."""


def __getattr__(name: str):
    return lambda *arguments: "postcode"
