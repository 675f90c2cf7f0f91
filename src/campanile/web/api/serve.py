"""Running the API: one process, for programs and people of the company, never for recipients."""

from contextlib import closing
from functools import partial
from pathlib import Path

from starlette.applications import Starlette

from campanile.settings.project import open_project
from campanile.web.api.application import build_api
from campanile.web.serve import bind, serve

DEFAULT_PORT = 8500


def serve_api(folder: Path, *, host: str = "127.0.0.1", port: int = DEFAULT_PORT) -> None:
    """Serve the API of the project in `folder` until the process is told to end.

    It speaks HTTP: beyond this machine, put a proxy with TLS before it, since tokens pass.
    """
    with closing(bind(host, port)) as listener:
        serve(partial(build_project_api, folder), listener)


def build_project_api(folder: Path) -> Starlette:
    """Open a project and build its API; what the process does."""
    return build_api(open_project(folder, sends=False))
