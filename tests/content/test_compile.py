import pytest

from campanile.content.compiled import CompiledContent
from campanile.errors import DataError, DefinitionError, FaultsFound

MJML = """<mjml><mj-head><mj-title>Sale</mj-title><mj-style>.big{color:#123456}</mj-style></mj-head>
<mj-body><mj-section><mj-column>
<mj-text css-class="big">Dear {{ first_name }}</mj-text>
{% for item in items %}<mj-text>{{ item.name }}</mj-text>{% endfor %}
<mj-button href="{{ link('shop', 'https://shop.example/sale?a=1&b=2') }}">Shop</mj-button>
</mj-column></mj-section></mj-body></mjml>"""


def faults(caught) -> list[str]:
    return [str(fault) for fault in caught.value.faults]


def test_mjml_becomes_html_with_styles_in_the_elements(compiled, opened):
    mail = opened(compiled(MJML), first_name="Ana", items=[{"name": "One"}, {"name": "Two"}])

    assert "color: #123456" in mail.html
    assert mail.html.count("One") == mail.html.count("Two") == 1
    assert "mj-text" not in mail.html
    assert "fonts.googleapis" not in mail.html


def test_a_loop_around_table_rows_stays_around_them(compiled, opened):
    body = "<table>{% for item in items %}<tr><td>{{ item }}</td></tr>{% endfor %}</table>"

    mail = opened(compiled(body), items=["a", "b"])

    assert mail.html.count("<tr>") == 2


def test_the_text_part_is_made_from_the_html_when_nobody_wrote_one(compiled, opened):
    mail = opened(compiled(MJML), first_name="Zoë & Co", items=[{"name": "<One>"}])

    assert "Dear Zoë & Co\n" in mail.text
    assert "<One>\n" in mail.text
    assert f"Shop (https://t.shop.example/c/{'T' * 26}/1)" in mail.text
    assert "Sale" not in mail.text


def test_a_text_part_that_somebody_wrote_is_kept_and_its_links_are_tracked(compiled, opened):
    content = compiled(
        '<body><a href="https://shop.example/all">all</a></body>',
        "Look: https://shop.example/all. {% if code %}https://shop.example/c{% endif %}",
    )

    assert opened(content, code="x").text == (
        f"Look: https://t.shop.example/c/{'T' * 26}/1. https://t.shop.example/c/{'T' * 26}/2"
    )


def test_lines_that_hold_only_tags_leave_no_empty_lines(compiled, opened):
    content = compiled(
        "<body><p>Dear</p>{% for item in items %}<p>{{ item }}</p>{% endfor %}<p>Bye</p></body>"
    )
    written = compiled(
        "<body>x</body>",
        "Dear\n  {% for item in items %}\n- {{ item }} {% if code %}!{% endif %}\n"
        "{% endfor %}\nBye\n",
    )

    assert opened(content, items=["a", "b"]).text == "Dear\n\na\n\nb\n\nBye\n"
    assert opened(written, items=["a", "b"], code="").text == "Dear\n- a \n- b \nBye\n"


def test_hidden_elements_and_pictures_read_well_as_text(compiled, opened):
    content = compiled(
        '<body><div style="display: none">secret</div><ul><li>one</li><li>two<br>lines</li></ul>'
        '<img src="https://i.example/x.png" alt="Shop"><script>no()</script>'
        '<a href="https://shop.example/"><img src="x" alt="Logo"></a></body>',
        track_clicks=False,
    )

    assert opened(content).text == "- one\n- two\nlines\n\nShopLogo (https://shop.example/)\n"


def test_fixed_links_are_frozen_in_a_table_and_named_ones_keep_their_name(compiled):
    content = compiled(
        '<body><a href="https://shop.example/x?a=1&amp;b=2">1</a><a href=https://shop.example/y>2</a>'
        "<a href=\"{{ link('shop', 'https://shop.example/x?a=1&b=2') }}\">3</a>"
        "<a title='>' href='https://shop.example/y'>4</a></body>"
    )

    assert {(link.name, link.url) for link in content.links} == {
        ("shop", "https://shop.example/x?a=1&b=2"),
        (None, "https://shop.example/x?a=1&b=2"),
        (None, "https://shop.example/y"),
    }
    assert sorted(link.number for link in content.links) == [1, 2, 3]


@pytest.mark.parametrize(
    "url", ["mailto:a@x.example", "mailto:{{ code }}@x.example", "tel:+331", "#top", ""]
)
def test_addresses_that_are_no_web_pages_stay_as_they_are(compiled, opened, url):
    content = compiled(f'<body><a href="{url}">x</a></body>', "x")

    assert content.links == ()
    assert f'href="{url.replace("{{ code }}", "me")}"' in opened(content, code="me").html


@pytest.mark.parametrize(
    "body",
    [
        '<a href="{{ url }}">x</a>',
        '<a href="https://{{ code }}.example/">x</a>',
        '<a href="https://shop.example{{ code }}">x</a>',
        '<a href="https://shop.example:{{ code }}/">x</a>',
        '<a href="https://me@{{ code }}/">x</a>',
        "{{ link('shop', url) }}",
        "{{ link('shop', 'https://' ~ code) }}",
        "<a href=\"{{ link('shop', code ~ 'https://shop.example/') }}\">x</a>",
        '<a href="{{ code }}mailto:a@x">x</a>',
    ],
)
def test_a_host_that_depends_on_the_recipient_is_refused(compiled, body):
    with pytest.raises(FaultsFound, match="host"):
        compiled(f"<body>{body}</body>", "x")


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "/sale",
        "shop.example",
        "ftp://x/",
        "//x.example/",
    ],
)
def test_an_address_that_is_no_whole_web_address_is_refused(compiled, url):
    with pytest.raises(FaultsFound, match="https://"):
        compiled(f'<body><a href="{url}">x</a></body>', "x")


def test_a_condition_inside_an_address_is_refused_with_advice(compiled):
    body = '<body><a href="https://x.example/{% if code %}a{% endif %}">x</a></body>'

    with pytest.raises(FaultsFound, match="around the whole link"):
        compiled(body, "x")


def test_utm_is_added_to_links_that_do_not_say_it_themselves(compiled):
    content = compiled(
        '<body><a href="https://a.example/?utm_source=mine#part">1</a>'
        '<a href="https://a.example/">2</a></body>',
        "x",
        utm={"source": "news", "campaign": "{{ campaign.name }}"},
        constants={"campaign": {"name": "winter sale"}},
    )

    assert [link.url for link in content.links] == [
        "https://a.example/?utm_source=mine&utm_campaign=winter%20sale#part",
        "https://a.example/?utm_source=news&utm_campaign=winter%20sale",
    ]


def test_utm_may_not_depend_on_the_recipient(compiled):
    with pytest.raises(FaultsFound, match="first_name"):
        compiled("<body>x</body>", utm={"source": "{{ first_name }}"})


def test_without_tracking_the_mail_holds_no_address_of_ours(compiled, opened):
    content = compiled(
        '<body><a href="https://shop.example/all?a=1&amp;b=2">x</a>'
        '<a href="https://shop.example/{{ code }}">y</a></body>',
        "x",
        track_clicks=False,
        track_opens=False,
    )

    html = opened(content, code="a/ü").html

    assert "t.shop.example" not in html
    assert 'href="https://shop.example/all?a=1&amp;b=2"' in html
    assert 'href="https://shop.example/a%2F%C3%BC"' in html
    assert content.links == ()


def test_the_pixel_and_the_unsubscribe_link_carry_different_tokens(compiled, opened):
    content = compiled('<body><a href="{{ message.unsubscribe }}">stop</a></body>')

    html = opened(content).html

    assert f'src="https://t.shop.example/o/{"T" * 26}.gif"' in html
    assert f'href="https://t.shop.example/u/{"U" * 26}"' in html
    assert content.links == ()


@pytest.mark.parametrize("name", ["message.mirror", "message.preferences"])
def test_what_is_not_built_is_refused_with_a_sentence(compiled, name):
    with pytest.raises(FaultsFound, match="is not built yet"):
        compiled(f'<body><a href="{{{{ {name} }}}}">x</a></body>')


def test_an_unknown_name_is_shown_with_its_place_and_the_nearest_name(compiled):
    with pytest.raises(FaultsFound) as caught:
        compiled("<body>\n<p>Dear {{ frist_name }},</p></body>")

    [fault] = faults(caught)
    assert fault.startswith("templates/one/email.html:2:9: 'frist_name' is not a name")
    assert "Did you mean 'first_name'?" in fault


def test_an_unknown_name_of_a_partial_is_shown_in_the_partial(compiled):
    with pytest.raises(FaultsFound, match=r"templates/_parts/foot\.html:1:4: 'nobody'"):
        compiled(
            "<body>{% include '_parts/foot.html' %}</body>",
            partials={"_parts/foot.html": "<p>{{ nobody }}</p>"},
        )


def test_names_of_partials_loops_and_conditions_are_known(compiled):
    content = compiled(
        "<body>{% for item in items %}{% include '_parts/line.html' %}{% endfor %}"
        "{% if store.city %}{{ store.name }}{% endif %}{{ range(3)|length }}</body>",
        partials={"_parts/line.html": "<p>{{ item.name }} {{ code }}</p>"},
        subject="{{ last_name }}",
        preheader="{{ n }}",
    )

    assert content.names == ("code", "items", "last_name", "n", "store.city", "store.name")


@pytest.mark.parametrize(
    ("body", "place", "said"),
    [
        ("a\n  {{ first_name", "2:3", "not closed"),
        ("a\n{{ first_name + }}", "2:1", "unexpected"),
        ("a {% if code %}b", "1:3", "end of"),
        ("a {% endif %}", "1:3", "unknown statement endif"),
        ("{{ code|nosuch }}", "1:1", "no filter 'nosuch'"),
        ("{{ code is nosuch }}", "1:1", "no test 'nosuch'"),
        ("{% extends 'a' %}", "1:1", "'extends' is not a tag"),
        ("{{ code ~ link('a', 'https://x/') }}", "1:1", "inside another expression"),
        ("{{ link(code, 'https://x.example/') }}", "1:1", "a name in quotes"),
        ("<p {{ code }}>x</p>", "1:4", "among the attributes"),
        ("<p {% if code %}class='a'{% endif %}>x</p>", "1:4", "among the attributes"),
        ("{{ message.nosuch }}", "1:1", "message has: unsubscribe"),
    ],
)
def test_faults_show_where_they_are(compiled, body, place, said):
    with pytest.raises(FaultsFound) as caught:
        compiled(body, "x")

    assert f"email.html:{place}: " in faults(caught)[0]
    assert said in faults(caught)[0]


@pytest.mark.parametrize(
    "body",
    [
        "<mjml><mj-body><mj-section no-such='{{ code }}'></mj-section></mj-body></mjml>",
        "<mjml><mj-body><mj-wrapper>{% if code %}<mj-section></mj-section>{% endif %}</mj-wrapper>"
        "</mj-body></mjml>",
        "<table><tr><td>{{ first_name }}</td></tr>{{ code }}</table>",
    ],
)
def test_a_tag_that_would_get_lost_or_moved_is_refused(compiled, body):
    with pytest.raises(FaultsFound, match="a tag stands"):
        compiled(body, "x")


def test_what_is_no_mjml_is_refused_with_its_file(compiled):
    with pytest.raises(FaultsFound, match=r"one/email\.mjml: this is not MJML"):
        compiled("<mjml><mj-body><mj-section>")


def test_mjml_includes_nothing_by_itself(compiled):
    with pytest.raises(FaultsFound, match="not MJML"):
        compiled(
            '<mjml><mj-body><mj-section><mj-column><mj-include path="/etc/passwd"/></mj-column>'
            "</mj-section></mj-body></mjml>"
        )


def test_style_sheets_are_never_fetched(compiled, opened):
    body = '<head><link rel="stylesheet" href="http://127.0.0.1:9/x.css"></head><body>x</body>'

    assert "x" in opened(compiled(body)).html


def test_a_mail_without_a_subject_is_refused(compiled):
    with pytest.raises(FaultsFound, match="no subject"):
        compiled("<body>x</body>", subject=None)


def test_front_matter_gives_what_the_campaign_does_not_say(compiled, opened):
    front = (
        '---\nsubject: "For {{ first_name }}"\npreheader: Look\n'
        "defaults: {first_name: friend}\n---\n"
    )

    own = opened(compiled(front + "<body>{{ first_name }}</body>", subject=None), first_name=None)
    campaign = opened(
        compiled(front + "<body>{{ first_name }}</body>", defaults={"first_name": "you"}),
        first_name=None,
    )

    assert own.message["Subject"] == "For friend"
    assert "Look" in own.html
    assert campaign.message["Subject"] == "Hello"
    assert "you" in campaign.html


def test_places_count_from_the_top_of_the_file_not_of_the_body(compiled):
    with pytest.raises(FaultsFound, match=r"email\.html:4:1: 'nosuch'"):
        compiled("---\nsubject: x\n---\n{{ nosuch }}")


def test_constants_are_frozen_and_beat_columns(compiled, opened):
    content = compiled(
        "<body>{{ campaign.name }}</body>", constants={"campaign": {"name": "spring"}}
    )

    assert content.names == ()
    assert "spring" in opened(content).html


@pytest.mark.parametrize("options", [{}, {"utm": {"source": "{{ campaign.nmae }}"}}])
def test_a_constant_that_does_not_exist_is_refused_before_anything_is_sent(compiled, options):
    body = "<body>x</body>" if options else "<body>{{ campaign.nmae }}</body>"

    with pytest.raises(DefinitionError, match="nmae"):
        compiled(body, constants={"campaign": {"name": "spring"}}, **options)


@pytest.mark.parametrize("headers", [{"Bcc": "a@x"}, {"X-A\r\nBcc": "a"}, {"To": "x"}])
def test_only_harmless_headers_may_be_added(compiled, headers):
    with pytest.raises(DefinitionError, match="header"):
        compiled("<body>x</body>", headers=headers)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 99}', '{"format": 1, "html": 3}'])
def test_frozen_content_that_is_damaged_is_refused(text):
    with pytest.raises(DataError):
        CompiledContent.from_json(text)
