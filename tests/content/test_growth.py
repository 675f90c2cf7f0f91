"""What a template makes is bounded: by its filters, and by a try before it is saved."""

import pytest

from campanile.content.bounded_filters import LARGEST
from campanile.content.engine import plain_environment
from campanile.content.growth import grows_too_large

DOUBLING = """\
<body>{% set ns = namespace(a=first_name) %}
{% for i in range(40) %}{% set ns.a = ns.a ~ ns.a %}{% endfor %}{{ ns.a|length }}</body>"""


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("'a\nb'|indent(2)", "a\n  b"),
        ("'a\nb'|indent(2, true)", "  a\n  b"),
        ("[1, 2, 3]|batch(2, 0)|list", "[[1, 2], [3, 0]]"),
        ("[1, 2, 3]|slice(2)|list|length", "2"),
        ("'%5.2f!'|format(1.5)", " 1.50!"),
        (f"('a\nb'|indent({LARGEST}))|length", str(3 + LARGEST)),
    ],
)
def test_a_bounded_filter_does_what_it_did(expression, expected):
    assert plain_environment("text").render_str(f"{{{{ {expression} }}}}") == expected


def test_a_text_that_is_doubled_in_a_loop_is_found(compiled):
    content = compiled(DOUBLING)
    assert grows_too_large((content.html,), content.names)


@pytest.mark.parametrize(
    "body",
    [
        "<body>{% set total = 1 %}{{ total + 1 }}</body>",
        "<body>{% set ns = namespace(a='') %}{% for i in range(500) %}{% set ns.a = ns.a ~ 'x' %}"
        "{% endfor %}{{ ns.a }}{{ first_name }}</body>",
        "<body>{% for i in range(9) %}{{ first_name }}{% endfor %}</body>",
    ],
)
def test_ordinary_templates_pass(compiled, body):
    content = compiled(body)
    assert not grows_too_large((content.subject, content.text, content.html), content.names)
