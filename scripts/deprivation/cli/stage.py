"""The command stage."""

from __future__ import annotations

import click


@click.command(context_settings={"ignore_unknown_options": True, "allow_extra_args": True})
@click.option("--output", required=True, help="A folder, or an address such as s3://bucket/name.")
@click.argument("dbt_arguments", nargs=-1, type=click.UNPROCESSED)
def stage(output: str, dbt_arguments: tuple[str, ...]) -> None:
    """Write the checked inputs as Parquet, to build from on Spark.

    Arguments such as --vars are passed to `dbt build`. Then run `dbt build --target spark` with
    DEPRIVATION_STAGED set to the folder.
    """
    from deprivation import stage as staging

    rows = staging.stage(output, dbt_arguments)
    click.echo(f"staged {sum(rows.values()):,} rows of {len(rows)} models in {output}", err=True)
