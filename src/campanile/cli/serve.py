"""The command `serve`: Dagster and the tracking service, started and ended together."""

from pathlib import Path

import click

from campanile.errors import Refused


@click.command("serve")
@click.option("--only", type=click.Choice(("dagster", "tracking")), help="One of the two.")
@click.option("--port", type=click.IntRange(1, 65535), default=3000, show_default=True,
              help="Of Dagster's web pages.")  # fmt: skip
@click.option("--tracking-port", type=click.IntRange(1, 65535),
              help="Of the tracking service; that of tracking.base_url when left out.")  # fmt: skip
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="With --only tracking: the address to listen on.",
)
@click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True,
              help="With --only tracking: processes that share the port.")  # fmt: skip
@click.option("--log", type=click.Path(dir_okay=False, path_type=Path),
              help="File for the output of the processes; dagster_home/serve.log.")  # fmt: skip
def serve_command(
    only: str | None,
    port: int,
    tracking_port: int | None,
    host: str,
    workers: int,
    log: Path | None,
) -> None:
    """Run the clock, Dagster's pages and the tracking service until Ctrl-C."""
    if only == "tracking" and log is None:
        _serve_tracking(host, tracking_port, workers)
    else:
        _serve_processes(only, port, tracking_port, log)


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
        raise Refused(
            f"{host}:{chosen} cannot be listened on: {error.strerror}.",
            remedy="Choose another: --tracking-port.",
        ) from error


def _serve_processes(
    only: str | None, port: int, tracking_port: int | None, log: Path | None
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
            if only != "dagster":
                click.echo(f"Tracking: {service.start_tracking(base_url, tracking_port)}")
            if only != "tracking":
                click.echo(f"Starting Dagster (output: {service.log}) …", err=True)
                click.echo(f"Dagster: {service.start_dagster(port)}")
            click.echo("Serving until Ctrl-C; see: campanile status")
            service.wait()
    except KeyboardInterrupt:
        pass  # asked to end before everything had begun
    click.echo("All processes have ended; nothing runs until: campanile serve")
