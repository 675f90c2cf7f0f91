"""The command `serve`: Dagster, the tracking service and the API, started and ended together."""

from pathlib import Path

import click

from campanile.errors import Refused


@click.command("serve")
@click.option("--only", type=click.Choice(("dagster", "tracking", "api")), help="One of them.")
@click.option("--port", type=click.IntRange(1, 65535), default=3000, show_default=True,
              help="Of Dagster's web pages.")  # fmt: skip
@click.option("--tracking-port", type=click.IntRange(1, 65535),
              help="Of the tracking service; that of tracking.base_url when left out.")  # fmt: skip
@click.option("--api-port", type=click.IntRange(1, 65535), default=8500, show_default=True,
              help="Of the HTTP API.")  # fmt: skip
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="With --only tracking or api: the address to listen on.",
)
@click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True,
              help="With --only tracking: processes that share the port.")  # fmt: skip
@click.option("--log", type=click.Path(dir_okay=False, path_type=Path),
              help="File for the output of the processes; dagster_home/serve.log.")  # fmt: skip
def serve_command(
    only: str | None,
    port: int,
    tracking_port: int | None,
    api_port: int,
    host: str,
    workers: int,
    log: Path | None,
) -> None:
    """Run the clock, Dagster's pages, the tracking service and the API until Ctrl-C."""
    if only == "tracking" and log is None:
        _serve_tracking(host, tracking_port, workers)
    elif only == "api" and log is None:
        _serve_api(host, api_port)
    else:
        _serve_processes(only, port, tracking_port, api_port, log)


def _serve_api(host: str, port: int) -> None:
    """The API in this very process, as a supervisor wants it: it speaks to stderr."""
    from campanile.settings.project import find_project
    from campanile.web.api.serve import serve_api

    folder = find_project()
    click.echo(f"API: http://{host}:{port}/api/v1", err=True)
    try:
        serve_api(folder, host=host, port=port)
    except OSError as error:
        raise _taken(host, port, error, "--api-port") from error


def _taken(host: str, port: int, error: OSError, option: str) -> Refused:
    return Refused(
        f"{host}:{port} cannot be listened on: {error.strerror}.",
        remedy=f"Choose another: {option}.",
    )


def _serve_tracking(host: str, port: int | None, workers: int) -> None:
    """The tracking service in this very process, as a supervisor wants it: it speaks to stderr."""
    from urllib.parse import urlsplit

    from campanile.settings.project import find_project, open_project
    from campanile.web.serve import serve_tracking

    folder = find_project()
    project = open_project(folder, sends=False)
    chosen = port or urlsplit(project.base_url).port or 8400
    project.store.close()
    click.echo(f"Tracking: http://{host}:{chosen}", err=True)
    try:
        serve_tracking(folder, host=host, port=chosen, workers=workers)
    except OSError as error:
        raise _taken(host, chosen, error, "--tracking-port") from error


def _serve_processes(
    only: str | None, port: int, tracking_port: int | None, api_port: int, log: Path | None
) -> None:
    from campanile.operations.hosting.service import Service
    from campanile.settings.project import dagster_home, find_project, open_project

    folder = find_project()
    project = open_project(folder)
    base_url, state = project.base_url, project.state
    project.store.close()
    service = Service(
        folder=folder,
        home=dagster_home(folder),
        state=state,
        log=log or dagster_home(folder) / "serve.log",
    )
    try:
        with service:
            if only in (None, "tracking"):
                click.echo(f"Tracking: {service.start_tracking(base_url, tracking_port)}")
            if only in (None, "api"):
                click.echo(f"API: {service.start_api(api_port)}/api/v1")
            if only in (None, "dagster"):
                click.echo(f"Starting Dagster (output: {service.log}) …", err=True)
                click.echo(f"Dagster: {service.start_dagster(port)}")
            click.echo("Serving until Ctrl-C; see: campanile status")
            service.wait()
    except KeyboardInterrupt:
        pass  # asked to end before everything had begun
    click.echo("All processes have ended; nothing runs until: campanile serve")
