"""A project of a few people behind its API, and the tokens of one person of each role."""

import asyncio
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from campanile.operations.authoring.scaffolding import scaffold
from campanile.operations.authoring.versions import apply_campaign
from campanile.operations.entities.loading.load import load_file
from campanile.operations.people.accounts import add_person, create_token
from campanile.operations.project import Project
from campanile.people.rights import ROLES
from campanile.settings.project import open_project
from campanile.web.api.application import build_api

ROWS = (
    "customer_id,first_name,email,email_ok,tier,updated_at\n"
    "1,Ada,ada@example.com,true,gold,2026-01-01 00:00:00\n"
    "2,Bea,bea@example.com,true,silver,2026-01-01 00:00:00\n"
)


@dataclass
class Office:
    """A project and its API, called as somebody of a role."""

    project: Project
    tokens: dict[str, str]

    def __call__(
        self, role: str | None, method: str, path: str, body: Any = None, **options: Any
    ) -> httpx.Response:
        """Send one request; without a role, without a token."""
        headers = dict(options.pop("headers", {}))
        if role is not None:
            headers["authorization"] = f"Bearer {self.tokens[role]}"
        return asyncio.run(self._send(method, f"/api/v1{path}", body, headers, options))

    async def _send(
        self, method: str, path: str, body: Any, headers: Any, options: Any
    ) -> httpx.Response:
        application = build_api(self.project, **options)
        transport = httpx.ASGITransport(application)
        async with httpx.AsyncClient(transport=transport, base_url="http://api.test") as client:
            content = body if isinstance(body, bytes) else None
            json = None if content is not None else body
            return await client.request(method, path, json=json, content=content, headers=headers)


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A project with four people, one campaign and two customers, to copy; and their tokens."""
    folder = tmp_path_factory.mktemp("office") / "shop"
    scaffold(folder)
    project = open_project(folder, environment={})
    rows = folder / "rows.csv"
    rows.write_text(ROWS)
    load_file(project, "customer", rows, actor="test")
    apply_campaign(project, "hello", actor="test")
    tokens = {}
    for role in ROLES:
        add_person(project, f"some-{role}", role)
        tokens[role] = create_token(project, f"some-{role}", label="test").secret
    project.store.close()
    return folder, tokens


@pytest.fixture
def office(template: tuple[Path, dict[str, str]], tmp_path: Path) -> Iterator[Office]:
    """A project of its own for one test."""
    folder, tokens = template
    project = open_project(shutil.copytree(folder, tmp_path / "shop"), environment={})
    yield Office(project, dict(tokens))
    project.store.close()
