"""The command `serve`: the HTTP API and the page."""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path

import click

from deprivation.cli.options import database_option


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535))
@click.option(
    "--cors",
    multiple=True,
    metavar="ORIGIN",
    help="A site whose pages may read the answers, https://example.org, or *. Repeatable.",
)
@click.option(
    "--max-upload",
    default=100,
    show_default=True,
    type=click.IntRange(1, 2000),
    help="Largest file for POST /enrich, in megabytes.",
)
@click.option(
    "--rate",
    type=click.FloatRange(0),
    help="Requests per second for each client; 0 for no limit.  [default: 50, or 0 if only this"
    " machine can connect]",
)
@click.option(
    "--base-map",
    metavar="URL",
    help="Tiles for the page's map, https://tiles.example.org/{z}/{x}/{y}.png. Without it the page"
    " contacts no other host.",
)
@click.option("--quiet", is_flag=True, help="Do not log each request.")
@database_option
def serve(
    host: str,
    port: int,
    cors: tuple[str, ...],
    max_upload: int,
    rate: float | None,
    base_map: str | None,
    quiet: bool,
    database: Path,
) -> None:
    """Serve the published file: an HTTP API and a web page.

    Only reads the file. Only this machine can connect, unless you set --host. Notices a refreshed
    file within seconds, without a restart. Logs one line of JSON per request, without postcodes and
    query strings. The API is described at /docs.
    """
    import uvicorn

    from deprivation.serve.app import Options, create_app
    from deprivation.serve.guard import Limits
    from deprivation.serve.protocol import LimitedProtocol

    if base_map and not re.fullmatch(r"https?://[^/\s;,'\"]+/[^\s;'\"]*", base_map):
        raise click.UsageError(
            "--base-map is not an address of tiles, https://host/{z}/{x}/{y}.png"
        )
    if rate is None:
        rate = 0 if _is_loopback(host) else 50
    options = Options(
        database=database,
        cors=cors,
        limits=Limits(upload=max_upload << 20, rate=rate),
        has_log=not quiet,
        base_map=base_map,
    )
    app = create_app(options)
    click.echo(f"serving {options.database} on http://{host}:{port}", err=True)
    uvicorn.run(
        app,
        host=host,
        port=port,
        http=LimitedProtocol,
        log_level="error",
        access_log=False,
        server_header=False,
        timeout_keep_alive=15,
        timeout_graceful_shutdown=5,
        limit_concurrency=2000,
        backlog=512,
    )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
