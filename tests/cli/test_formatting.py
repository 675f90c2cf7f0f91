"""`format`: files come into one layout, or stay as they are."""

import io
import stat
import sys
from pathlib import Path

import pytest

MESSY = """\
# the spring
activities:
    people: {where: points > 1, type: build_audience}  # who


name: messy
"""
NEAT = """\
# the spring
name: messy
activities:
  people: {type: build_audience, where: points > 1}  # who
"""


def test_a_folder_is_formatted_once_and_then_never_again(empty_shop):
    file = empty_shop.write("campaigns/messy.yaml", MESSY)
    status, out = empty_shop("format")
    assert status == 0
    assert "campaigns/messy.yaml: formatted" in out
    assert file.read_text() == NEAT
    assert empty_shop("format") == (0, "")
    assert "0 files formatted" in empty_shop.err
    assert empty_shop("validate")[0] == 0


def test_every_file_that_init_writes_is_in_its_layout(tmp_path, empty_shop, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert empty_shop("init", "fresh")[0] == 0
    status, out = empty_shop("format", "--check", "fresh")
    assert (status, out) == (0, "")


@pytest.mark.parametrize("option", ["--check", "--diff"])
def test_a_look_changes_nothing(empty_shop, option):
    file = empty_shop.write("campaigns/messy.yaml", MESSY)
    status, out = empty_shop("format", option, "campaigns/messy.yaml")
    assert file.read_text() == MESSY
    assert status == (1 if option == "--check" else 0)
    assert ("would change" if option == "--check" else "+name: messy\n") in out


def test_a_faulty_file_is_named_with_its_place_and_left_and_others_are_formatted(empty_shop):
    broken = empty_shop.write("campaigns/broken.yaml", "name: x\nname: y\n")
    file = empty_shop.write("campaigns/messy.yaml", MESSY)
    status, _ = empty_shop("format", "campaigns")
    assert status == 1
    assert "campaigns/broken.yaml:2:1: the key `name` stands here a second time" in empty_shop.err
    assert broken.read_text() == "name: x\nname: y\n"
    assert file.read_text() == NEAT


def test_mode_link_and_ends_of_line_stay(empty_shop):
    file = empty_shop.write("campaigns/messy.yaml", MESSY.replace("\n", "\r\n"))
    file.chmod(0o640)
    link = empty_shop.folder / "campaigns" / "link.yaml"
    link.symlink_to(file)
    assert empty_shop("format", "campaigns/link.yaml")[0] == 0
    assert link.is_symlink()
    assert file.read_bytes() == NEAT.replace("\n", "\r\n").encode()
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert not list(file.parent.glob(".*")), "no temporary file is left"


def test_the_standard_input_is_formatted_to_the_standard_output(empty_shop, monkeypatch):
    def given(text):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))

    given(MESSY)
    assert empty_shop("format", "--stdin") == (0, NEAT)
    given("columns: {}\nkey: x\n")
    status, _ = empty_shop("format", "--stdin", "campaigns/new.yaml")
    assert status == 0
    given("name: a\nname: b\n")
    status, out = empty_shop("format", "--stdin")
    assert (status, out) == (1, "")
    assert "<stdin>:2:1" in empty_shop.err


def test_there_is_something_to_format_or_a_reason(empty_shop, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    assert empty_shop("format", str(tmp_path / "elsewhere"))[0] == 1
    assert "no file of a project" in empty_shop.err
    assert empty_shop("format", "nothing.yaml")[0] == 1


def test_export_has_the_layout_too(shop):
    shop.write("campaigns/spring.yaml", MESSY.replace("messy", "spring"))
    assert shop("apply", "campaigns")[0] == 0, shop.err
    assert shop("export", "spring") == (0, NEAT.replace("messy", "spring"))


@pytest.mark.parametrize("kind", ["campanile", "channels", "catalog/customer"])
def test_settings_channels_and_catalog_are_formatted_by_their_place(empty_shop, kind):
    file = Path(f"{kind}.yaml")
    neat = file.read_text()
    file.write_text(neat.replace("\n", "\n\n\n").replace(": {", ":   { ") + "# end")
    assert empty_shop("format", str(file))[0] == 0
    once = file.read_text()
    assert once.endswith("# end\n")
    assert once.replace("\n\n", "\n").replace("# end\n", "") == neat
