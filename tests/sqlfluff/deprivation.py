"""What sqlfluff takes for `deprivation.` in macros: any of ours is a column, enriched a query."""


def __getattr__(name: str):
    return lambda *arguments, **options: "select 1 as one" if name == "enriched" else "postcode"
