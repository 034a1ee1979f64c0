"""The command sql."""

from __future__ import annotations

import click


@click.group()
def sql() -> None:
    """Print SQL to run on your own database."""


@sql.command()
@click.argument("relation")
@click.option("--postcode-column", required=True, help="Column of postcodes.")
@click.option("--edition", help="2019, or nearest:2019.  [default: each nation's newest]")
@click.option(
    "--date-column",
    help="Column of dates, timestamps or texts like 2019-05-31: each row gets the nearest edition.",
)
@click.option("--index", default="imd", show_default=True, help="Indices: imd,income.")
@click.option("--local", default="", help="Add ranks within these geographies: lad,icb.")
@click.option("--fallback", type=click.Choice(["sector"]), help="Use the sector's figures.")
@click.option("--prefix", default="", help="Text before the names of added columns.")
@click.option(
    "--dialect",
    type=click.Choice(["duckdb", "spark", "postgres"]),
    default="duckdb",
    show_default=True,
    help="Database that runs it.",
)
@click.option("--schema", default="main", show_default=True, help="Schema of the published tables.")
def enriched(
    relation: str, index: str, local: str, dialect: str, schema: str, **options: str | None
) -> None:
    """Add deprivation to every row of RELATION.

    By the rules of `deprivation enrich`. RELATION is a table name or a query in brackets.
    """
    from deprivation import sql_macros

    def listed(text: str) -> list[str]:
        return [part.strip() for part in text.split(",") if part.strip()]

    click.echo(
        sql_macros.enriched(
            relation, dialect, schema, indices=listed(index), local=listed(local), **options
        )
    )
