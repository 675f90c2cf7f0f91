import re

import pytest

from campanile.web import pages

PAGES = [pages.ASK, pages.DONE, pages.UNKNOWN, pages.NOT_A_FORM, pages.UNAVAILABLE]


@pytest.mark.parametrize("page", PAGES)
def test_pages_load_and_run_nothing(page):
    text = page.decode()

    assert not re.search(r"https?:|src=|href=|<script|url\(| on\w+=| style=", text)
    assert '<html lang="en">' in text
    assert text.count("<h1>") == 1


def test_the_button_is_a_post_that_works_without_a_script():
    assert '<form method="post"><button type="submit"' in pages.ASK.decode()


def test_no_page_may_be_framed_or_post_elsewhere():
    policy = pages.CONTENT_SECURITY_POLICY

    assert "frame-ancestors 'none'" in policy
    assert "form-action 'self'" in policy
    assert "unsafe" not in policy
