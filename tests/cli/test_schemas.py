"""`schema` and `init` give editors what they need, and leave other settings alone."""

import json

import pytest

from campanile.campaigns.schema import MODELS, json_schema


def test_a_new_project_has_schemas_settings_and_a_comment_in_each_file(empty_shop):
    folder = empty_shop.folder
    for kind in MODELS:
        assert json.loads((folder / "schemas" / f"{kind}.json").read_text()) == json_schema(kind)
    places = json.loads((folder / ".vscode" / "settings.json").read_text())["yaml.schemas"]
    assert places["./schemas/campaign.json"] == "/campaigns/**/*.yaml"
    for name in ("campanile.yaml", "channels.yaml", "catalog/customer.yaml"):
        first = (folder / name).read_text().partition("\n")[0]
        schema = first.removeprefix("# yaml-language-server: $schema=")
        assert ((folder / name).parent / schema).is_file()


def test_written_schemas_are_known_to_the_editor_beside_what_it_knew(empty_shop):
    settings = empty_shop.folder / ".vscode" / "settings.json"
    known = {"editor.rulers": [100], "yaml.schemas": {"./mine.json": "/mine.yaml"}}
    settings.write_text(json.dumps(known))
    status, out = empty_shop("schema", "--write", "tools/schemas")
    assert status == 0, empty_shop.err
    assert "tools/schemas/campaign.json: written" in out
    assert "$schema=../tools/schemas/campaign.json" in empty_shop.err
    merged = json.loads(settings.read_text())
    assert merged["editor.rulers"] == [100]
    assert merged["yaml.schemas"]["./mine.json"] == "/mine.yaml"
    assert merged["yaml.schemas"]["./tools/schemas/campaign.json"] == "/campaigns/**/*.yaml"
    before = settings.read_text()
    assert empty_shop("schema", "--write", "tools/schemas")[0] == 0
    assert settings.read_text() == before


@pytest.mark.parametrize("written", ["// a comment\n{}", "[]", '{"yaml.schemas": []}'])
def test_settings_that_cannot_be_read_stay_and_nothing_is_written(empty_shop, written):
    settings = empty_shop.write(".vscode/settings.json", written)
    assert empty_shop("schema", "--write", "new")[0] == 1
    assert '"yaml.schemas": {"./new/project.json"' in empty_shop.err
    assert settings.read_text() == written
    assert not (empty_shop.folder / "new").exists()


def test_outside_of_a_project_only_schemas_are_written(empty_shop, tmp_path):
    assert empty_shop("schema", "--write", str(tmp_path / "alone"))[0] == 0
    assert sorted(path.name for path in (tmp_path / "alone").iterdir()) == sorted(
        f"{kind}.json" for kind in MODELS
    )
