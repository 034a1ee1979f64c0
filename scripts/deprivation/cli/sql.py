"""The command sql."""

from __future__ import annotations

import click


@click.group()
def sql() -> None:
    """Print SQL that answers on your own engine."""


@sql.command()
@click.argument("relation")
@click.option("--postcode-column", required=True, help="Holds the postcodes.")
@click.option("--edition", help="2019, or nearest:2019.  [default: each nation's newest]")
@click.option(
    "--date-column",
    help="Dates, timestamps or texts like 2019-05-31: each row gets the nearest edition.",
)
@click.option("--index", default="imd", show_default=True, help="Indices, by comma.")
@click.option("--local", default="", help="Geographies to be ranked within, by comma: lad,icb.")
@click.option("--fallback", type=click.Choice(["sector"]), help="Answer by the sector.")
@click.option("--prefix", default="", help="Before the name of every added column.")
@click.option(
    "--dialect",
    type=click.Choice(["duckdb", "spark", "postgres"]),
    default="duckdb",
    show_default=True,
    help="Of the engine that runs it.",
)
@click.option("--schema", default="main", show_default=True, help="Holds the published tables.")
def enriched(
    relation: str, index: str, local: str, dialect: str, schema: str, **options: str | None
) -> None:
    """Put deprivation beside every row of RELATION.

    By the rules of `deprivation enrich`. RELATION is a table's name or a query in brackets.
    """
    from deprivation import sql_macros

    def listed(text: str) -> list[str]:
        return [part.strip() for part in text.split(",") if part.strip()]

    click.echo(
        sql_macros.enriched(
            relation, dialect, schema, indices=listed(index), local=listed(local), **options
        )
    )
