import pytest

from campanile.content.template_files import FILE_LIMIT, read_template
from campanile.errors import DefinitionError, FaultsFound


def test_a_language_falls_back_to_its_main_form_and_then_to_none(write):
    folder = write({"a/email.html": "en", "a/email.fr.html": "fr", "a/email.fr.txt": "texte"})

    assert read_template(folder, "a", language="fr-CA").body.text == "fr"
    assert read_template(folder, "a", language="fr-CA").text.text == "texte"
    assert read_template(folder, "a", language="de").body.text == "en"
    assert read_template(folder, "a", language="../../x").body.text == "en"


def test_mjml_comes_before_html_and_other_channels_are_text(write):
    folder = write({"a/email.html": "h", "a/email.mjml": "m", "a/sms.txt": "s"})

    assert read_template(folder, "a").is_mjml
    assert read_template(folder, "a", channel="sms").body.text == "s"


def test_a_path_with_an_extension_is_one_file(write):
    assert read_template(write({"a/b.html": "x"}), "a/b.html").body.text == "x"


@pytest.mark.parametrize("name", ["../secret", "/etc", "a/../../secret", "", "a\\b", "link"])
def test_a_template_outside_the_folder_is_refused(write, tmp_path, name):
    folder = write({"a/email.html": "x"})
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "email.html").write_text("secret")
    (folder / "link").symlink_to(tmp_path / "secret")

    with pytest.raises(DefinitionError, match="not a path inside"):
        read_template(folder, name)


@pytest.mark.parametrize(
    ("include", "said"),
    [
        ("'../secret.html'", "not a path inside"),
        ("'a/email.html'", "is not a partial"),
        (
            "'_parts/none.html'",
            "there is no partial '_parts/none.html'; there are: _parts/foot.html",
        ),
        ("first_name", "one file in quotes"),
        ("'_parts/foot.html' ignore missing", "one file in quotes"),
        ("'_parts/self.html'", "nested more than"),
    ],
)
def test_an_include_that_cannot_be_followed_shows_its_place(write, include, said):
    folder = write(
        {"a/email.html": f"\n {{% include {include} %}}", "_parts/foot.html": "x"}
        | ({"_parts/self.html": "{% include '_parts/self.html' %}"} if "self" in include else {})
    )

    with pytest.raises(FaultsFound) as caught:
        read_template(folder, "a")

    assert said in str(caught.value)
    assert "html:2:2" in str(caught.value) or "self" in include


def test_a_template_that_is_not_there_names_those_that_are(write):
    folder = write({"winter/teaser/email.mjml": "x", "b/sms.txt": "x"})

    with pytest.raises(DefinitionError, match=r"there are: winter/teaser\."):
        read_template(folder, "winter/taeser")
    with pytest.raises(
        DefinitionError, match=r"has no email\.mjml or email\.html; it has: sms\.txt"
    ):
        read_template(folder, "b")


def test_bytes_that_are_no_text_show_their_place(write):
    folder = write({"a/email.html": "x"})
    (folder / "a" / "email.html").write_bytes(b"ok\nna\xefve")

    with pytest.raises(FaultsFound, match=r"email\.html:2:3: the file is not UTF-8"):
        read_template(folder, "a")


def test_marks_of_byte_order_and_line_ends_of_any_kind_are_taken(write):
    folder = write({"a/email.html": "x", "b/email.html": "x"})
    (folder / "a" / "email.html").write_bytes("\ufeffé\r\ny\rz".encode())
    (folder / "b" / "email.html").write_bytes("é\n".encode("utf-16"))

    assert read_template(folder, "a").body.text == "é\ny\nz"
    assert read_template(folder, "b").body.text == "é\n"


def test_a_file_that_is_too_large_is_refused(write):
    with pytest.raises(FaultsFound, match="at most"):
        read_template(write({"a/email.html": "x" * (FILE_LIMIT + 1)}), "a")


@pytest.mark.parametrize(
    ("front", "said"),
    [
        ("subject: {{ first_name }}", "Quote"),
        ("subjekt: x", r"email\.html:2:1: 'subjekt' is no key"),
        ("subject: x\npreheader: [a]", r"email\.html:3:1: 'preheader' is not a text"),
        ("defaults: [a]", "not a map"),
        ("- a", "not a list of keys"),
    ],
)
def test_front_matter_that_cannot_be_read_says_why(write, front, said):
    with pytest.raises(FaultsFound, match=said):
        read_template(write({"a/email.html": f"---\n{front}\n---\nbody"}), "a")
