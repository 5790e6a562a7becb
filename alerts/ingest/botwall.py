"""Recognise the page that a bot wall puts in place of what was asked for."""

from collections.abc import Mapping

_MARKS = (
    ("Cloudflare", (b"cf-chl", b"challenge-platform", b"just a moment...", b"attention required! | cloudflare")),
    ("Akamai", (b"errors.edgesuite.net", b"akamai-block")),
    ("Imperva", (b"_incapsula_resource", b"incapsula incident")),
    ("DataDome", (b"captcha-delivery.com", b"datadome")),
    ("HUMAN", (b"px-captcha", b"perimeterx")),
    ("AWS", (b"awswafcookiedomainlist", b"aws-waf-token", b"token.awswaf.com")),
    ("Sucuri", (b"sucuri website firewall",)),
    ("Anubis", (b"making sure you're not a bot", b"making sure you&#39;re not a bot")),
)
_CAPTCHAS = (b"g-recaptcha", b"h-captcha", b"hcaptcha.com", b"cf-turnstile", b"are you a robot", b"you are human")


def name(headers: Mapping[str, str], body: bytes) -> str:
    """Return who stands in the way ("Cloudflare", "a captcha"), or "" if this is no bot wall.

    `headers` have lower-case names; only the first 64 kB of the body are looked at.
    """
    if headers.get("cf-mitigated") == "challenge":
        return "Cloudflare"
    if "x-datadome" in headers:
        return "DataDome"
    head = body[:65_536].lower()
    for wall, marks in _MARKS:
        if any(mark in head for mark in marks):
            return wall
    return "a captcha" if any(mark in head for mark in _CAPTCHAS) else ""


def is_html(body: bytes) -> bool:
    """Tell whether a document is a web page, whatever its Content-Type says."""
    head = body[:2_048].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if head.startswith(b"<?xml") and b"<html" not in head:
        return False
    return b"<!doctype html" in head or b"<html" in head
