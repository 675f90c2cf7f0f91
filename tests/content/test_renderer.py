import re
from concurrent.futures import ThreadPoolExecutor
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from campanile.content.compiled import CompiledContent
from campanile.content.headers import Mailbox
from campanile.content.renderer import Renderer
from campanile.errors import ConfigurationError, PermanentDeliveryError
from campanile.tracking.tokens import KeyRing

HEADERS = [
    "From", "To", "Subject", "Date", "Message-ID", "List-Unsubscribe", "List-Unsubscribe-Post",
    "MIME-Version", "Content-Type",
]  # fmt: skip
BODY = """<html><head><style>.a{color:red}</style></head><body>
<p class="a">Dear {{ first_name }},</p>
<table>{% for item in items %}<tr><td>{{ item.name }}</td><td>{{ item.price|number(2) }}</td></tr>
{%- endfor %}</table>.
{% if code %}<b title="{{ code }}">.{{ code }}.</b>{% else %}no code{% endif %}
<a href="https://shop.example/p/{{ code }}?x=1&amp;y=2">yours</a>
<a href="https://shop.example/all">all</a>
<a href="{{ message.unsubscribe }}">stop</a> {# unseen #}{{ last_name|default('you') }}
</body></html>"""
CAPTURED = BODY.replace("<p class", "{% set x %}<i>{{ code }}</i>{% endset %}{{ x }}<p class")
HOSTILE = st.text(
    st.sampled_from(list("a.=\r\n \t-{%}#<>&'\"ü€😀\u2028\x00\x0b")) | st.characters(codec="utf-8"),
    max_size=120,
)
FIELDS = st.fixed_dictionaries(
    {
        "first_name": HOSTILE | st.none(),
        "last_name": HOSTILE | st.none(),
        "code": HOSTILE | st.just(""),
        "items": st.lists(
            st.fixed_dictionaries({"name": HOSTILE, "price": st.none() | st.integers(0, 10**6)}),
            max_size=3,
        ),
    }
)
RING = KeyRing({3: b"k" * 32}, current=3)
FUZZ = settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def check_form(raw: bytes) -> None:
    head, body = raw.split(b"\r\n\r\n", 1)
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)", raw)
    assert raw.isascii()
    assert all(len(line) <= 76 and not line.startswith(b".") for line in body.split(b"\r\n"))
    assert all(len(line) <= 998 for line in head.split(b"\r\n"))
    assert b"cmplt" not in raw
    assert b"cmplu" not in raw


@pytest.mark.parametrize("body", [BODY, CAPTURED], ids=["pre-encoded", "whole"])
def test_any_row_gives_a_well_formed_mail_that_says_what_the_template_says(compiled, opened, body):
    content = compiled(body, subject="{{ first_name }}: {{ code }}")
    renderer = Renderer(content, lambda token, number, value: "M" * 14)

    @given(FIELDS)
    @FUZZ
    def check(fields):
        # A last bare CR and the template's LF are two breaks where values are encoded beforehand.
        assume(not any(str(value).endswith("\r") for value in fields.values()))
        mail = opened(content, **fields)
        plain = renderer.plain_render(fields, token="T" * 26, unsub_token="U" * 26)

        check_form(mail.raw)
        assert mail.message.keys() == HEADERS
        assert [part.get_content_type() for part in mail.message.iter_parts()] == [
            "text/plain", "text/html",
        ]  # fmt: skip
        assert mail.text == re.sub(r"\r\n|\r", "\n", plain.text)
        assert mail.html == re.sub(r"\r\n|\r", "\n", plain.html)

    check()


TEMPLATE_PARTS = st.lists(
    st.sampled_from(
        ["<p>", "</p>", "\n", ".", "..\n.", "text ", "é€", "{{ code }}", "{{ first_name }}",
         "{% if code %}", "{% endif %}", "{{- code -}}", "{# c #}", "{% raw %}{{ x }}{% endraw %}",
         "a" * 74, "=", '<a href="https://a.example/">', '<a href="https://a.example/{{ code }}">',
         "</a>", "&lt;", "{ ", "{%- if code -%}{%- endif -%}", "<!--[if mso]>x<![endif]-->", "https://b.example/x."]
    ),
    max_size=14,
)  # fmt: skip


def balanced(parts: list[str]) -> str:
    depth, kept = 0, []
    for part in parts:
        if part == "{% endif %}" and depth == 0:
            continue
        depth += (part == "{% if code %}") - (part == "{% endif %}")
        kept.append(part)
    return "".join(kept) + "{% endif %}" * depth


def test_any_template_renders_the_same_encoded_and_plain(compiled, opened):
    @given(TEMPLATE_PARTS, TEMPLATE_PARTS, FIELDS)
    @FUZZ
    def check(html, text, fields):
        content = compiled(f"<body>{balanced(html)}</body>", balanced(text) or "x")
        mail = opened(CompiledContent.from_json(content.to_json()), **fields)
        plain = Renderer(content, lambda *_: "M" * 14).plain_render(
            fields, token="T" * 26, unsub_token="U" * 26
        )

        check_form(mail.raw)
        assert mail.text == re.sub(r"\r\n|\r", "\n", plain.text)
        assert mail.html == re.sub(r"\r\n|\r", "\n", plain.html)

    check()


def test_special_characters_are_escaped_in_html_only(compiled, opened):
    content = compiled("<body>{{ code }}</body>", "{{ code }}", subject="{{ code }}")

    mail = opened(content, code="<b>&'\"")

    assert "&lt;b&gt;&amp;&#39;&#34;" in mail.html
    assert mail.text == "<b>&'\""
    assert mail.message["Subject"] == "<b>&'\""


def test_nothing_is_shown_for_an_empty_column_and_its_default_where_there_is_one(compiled, opened):
    content = compiled(
        "<body>[{{ last_name }}][{{ first_name }}]</body>", defaults={"first_name": "friend"}
    )

    assert "[][friend]" in opened(content, last_name=None, first_name="").html


def test_a_subject_cannot_add_a_header(compiled, opened):
    mail = opened(
        compiled("<body>x</body>", subject="{{ code }}"), code="a\r\nBcc: b@x.example\r\n\r\n"
    )

    assert mail.message.keys() == HEADERS
    assert mail.message["Subject"] == "a Bcc: b@x.example"


def test_the_same_message_is_the_same_in_another_process_days_later(compiled):
    content = compiled(BODY)
    again = CompiledContent.from_json(content.to_json())
    given_fields = {"first_name": "A", "last_name": "B", "code": "C", "items": []}
    to = Mailbox("", "a@x.example")
    tokens = {"token": RING.sign("track", 1, 2), "unsub_token": RING.sign("unsub", 1, 2)}

    first, second = (Renderer(c, RING.sign_value) for c in (content, again))

    assert again == content
    assert again.digest == content.digest
    assert first.render(given_fields, to=to, **tokens) == second.render(
        given_fields, to=to, **tokens
    )


def test_headers_carry_the_tokens_and_one_click_unsubscribe(compiled, opened):
    mail = opened(compiled("<body>x</body>", headers={"X-Campanile-Delivery": "12"}))

    assert mail.message["Message-ID"] == f"<{'T' * 26}@shop.example>"
    assert mail.message["List-Unsubscribe"] == f"<https://t.shop.example/u/{'U' * 26}>"
    assert mail.message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mail.message["X-Campanile-Delivery"] == "12"
    assert mail.message["Date"] == "Sun, 22 Nov 2026 09:00:00 +0000"


def test_a_transactional_mail_need_not_offer_one_click(compiled, opened):
    assert "List-Unsubscribe" not in opened(compiled("<body>x</body>", one_click=False)).message


def test_the_personal_part_of_a_link_is_signed_and_leads_back(compiled, opened):
    content = compiled('<body><a href="https://shop.example/p/{{ code }}?a=1">x</a></body>', "x")
    renderer = Renderer(content, RING.sign_value)
    token = RING.sign("track", 7, 8)

    html = renderer.plain_render({"code": "a/b ü?"}, token=token, unsub_token="U" * 26).html

    url = urlsplit(unescape(re.search(r'href="([^"]+)"', html).group(1)))
    query = parse_qs(url.query)
    RING.verify_value(token, 1, query["v"][0], query["m"][0])
    assert url.path == f"/c/{token}/1"
    assert content.links[0].target(query["v"][0]) == "https://shop.example/p/a%2Fb%20%C3%BC%3F?a=1"


def test_threads_that_share_a_renderer_keep_their_messages_apart(compiled):
    content = compiled('<body><a href="https://shop.example/{{ code }}">{{ code }}</a></body>')
    renderer = Renderer(content, RING.sign_value)

    def render(ordinal: int) -> bytes:
        tokens = {"token": RING.sign("track", 1, ordinal), "unsub_token": "U" * 26}
        return renderer.render({"code": f"c{ordinal}"}, to=Mailbox("", "a@x.example"), **tokens)

    alone = [render(ordinal) for ordinal in range(400)]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(render, range(400)))

    assert together == alone


def test_content_with_personal_links_needs_somebody_to_sign_them(compiled):
    content = compiled('<body><a href="https://shop.example/{{ code }}">x</a></body>')

    with pytest.raises(ConfigurationError, match="personal"):
        Renderer(content)


@pytest.mark.parametrize(
    ("body", "fields", "said"),
    [
        ("{{ store.name }}", {"store": {}}, "store.name"),
        ("{{ first_name }}", {}, "first_name"),
        ("{% for a in range(999) %}{% for b in range(999) %}{% endfor %}{% endfor %}", {}, "steps"),
        ("{{ 'a' * 3000000 }}", {}, "characters"),
        ("{{ n|number }}", {"n": "secret-text"}, "InvalidOperation"),
        ("{{ n + 1 }}", {"n": "secret-text"}, "InvalidOperation"),
        ("{{ 'a' * 10**9 }}", {}, "InvalidOperation"),
        ("{{ range(10**9)|length }}", {}, "InvalidOperation"),
        ("{{ 'a'|indent(10**9) }}", {}, "ValueError"),
        ("{{ [n]|batch(10**9, 0)|length }}", {"n": 1}, "ValueError"),
        ("{{ [n]|slice(10**9)|length }}", {"n": 1}, "ValueError"),
        ("{{ '%1000000000d'|format(n) }}", {"n": 1}, "ValueError"),
        ("{{ n|number(10**9) }}", {"n": 1}, "ValueError"),
        ("{{ n|date('%1000000000d') }}", {"n": "2026-01-01"}, "ValueError"),
        ("{{ n|date('%d') }}", {"n": "secret-text"}, "ValueError"),
    ],
)  # fmt: skip
def test_a_row_that_cannot_be_rendered_is_refused_without_its_data(
    compiled, opened, body, fields, said
):
    content = compiled(f"<body>{body}</body>", "x")

    with pytest.raises(PermanentDeliveryError, match=said) as caught:
        opened(content, **fields)

    assert caught.value.reason == "render"
    assert "secret" not in str(caught.value)


def test_an_address_that_is_none_is_refused_without_repeating_it(compiled):
    renderer = Renderer(compiled("<body>x</body>"))

    with pytest.raises(PermanentDeliveryError) as caught:
        renderer.render({}, token="T" * 26, unsub_token="U" * 26, to=Mailbox("", "no address"))

    assert "no address" not in str(caught.value)
    assert caught.value.enhanced == "5.1.3"


def test_a_recipient_who_types_our_placeholder_gets_no_link_of_anybody_else(compiled, opened):
    content = compiled("<body>{{ code }}</body>", "{{ code }}", track_opens=False)

    assert opened(content, code=content.track).text == "T" * 26
