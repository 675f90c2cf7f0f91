"""The few pages that a recipient sees; they load nothing and run nothing."""

import base64
from hashlib import sha256

_STYLE = (
    "body{font:1.125rem/1.5 system-ui,sans-serif;max-width:34rem;margin:4rem auto;padding:0 1.5rem;"
    "color:#1c2126;background:#fff}"
    "h1{font-size:1.5rem;line-height:1.25}"
    "button{font:inherit;padding:.6rem 1.2rem;border:2px solid #123f6d;border-radius:.4rem;"
    "background:#123f6d;color:#fff;cursor:pointer}"
    "button:focus-visible{outline:3px solid #d97706;outline-offset:3px}"
    "@media(prefers-color-scheme:dark){body{color:#eceff2;background:#15191d}}"
)
_STYLE_HASH = base64.b64encode(sha256(_STYLE.encode()).digest()).decode()

CONTENT_SECURITY_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'"
)
FORM_FIELD = "confirm"  # of our own button; mail providers post List-Unsubscribe=One-Click
FORM_VALUE = "unsubscribe"


def _page(title: str, body: str) -> bytes:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="robots" content="noindex">'
        f"<title>{title}</title><style>{_STYLE}</style></head>"
        f"<body><main><h1>{title}</h1>{body}</main></body></html>"
    ).encode()


ASK = _page(
    "Unsubscribe",
    "<p>Do you want to stop receiving messages of this kind?</p>"
    f'<form method="post"><button type="submit" name="{FORM_FIELD}" value="{FORM_VALUE}">'
    "Yes, unsubscribe me</button></form>"
    "<p>If you came here by mistake, close this page: nothing has changed.</p>",
)
DONE = _page(
    "You are unsubscribed",
    '<p role="status">We will not send you messages of this kind any more. '
    "You can close this page.</p>",
)
UNKNOWN = _page(
    "This link does not work",
    "<p>It may have been cut off when it was copied. Please open it from the message again.</p>",
)
NOT_A_FORM = _page(
    "Nothing has changed",
    "<p>Please open the link from the message and use the button on the page.</p>",
)
UNAVAILABLE = _page(
    "Please try again in a minute",
    "<p>We could not keep your choice just now, so nothing has changed yet.</p>",
)
