"""Web addresses without what changes from poll to poll: tracking, feed marks, spelling."""

import re
from functools import lru_cache
from urllib.parse import quote, urlsplit, urlunsplit

_TRACKING = re.compile(
    r"utm_\w+|fbclid|gclid|dclid|msclkid|yclid|igshid|mc_cid|mc_eid|_hsenc|_hsmi|mkt_tok|wt\.mc_id|wt\.mc_ev|"
    r"cmp|cmpid|xtor|dgcid|sfmc_\w+|ftcamp|ns_\w+|rss|s_cid|icid|smid|_ga|_gl",
    re.IGNORECASE,
)
_FEED_MARK = re.compile(r"(?:ref|via|from|source)=(?:rss|feed|atom)\w*|af=r", re.IGNORECASE)
_FETCH_TIME = re.compile(r"(?:fc|ff)=\d{8,}|v=\d+(?:\.\w+){1,4}(?:\+|%2B)?\w*", re.IGNORECASE)
_TOKEN = re.compile(r"v=[\w%-]{40,}", re.ASCII)  # a ticket that is new at every poll, not an article's number
_TRACKING_FRAGMENT = re.compile(r"(?:xtor|utm_\w+|ref|rss|at_\w+)(?:=.*)?|", re.IGNORECASE)
_PLAIN = re.compile(r"https?://([a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)(/[\w./-]*)", re.ASCII)  # as most are: clean already
_DEFAULT_PORTS = {"http": 80, "https": 443}
_SAFE = "%/:=&?~#+!$,;'@()*[]|"


@lru_cache(maxsize=2_048)
def clean_url(url: str) -> str:
    """Return a web address without tracking (`utm_*`, PubMed's `fc`, `ff`, `v`, feed marks), or "" if it is none.

    Host and scheme are in lower case, default ports are dropped, raw spaces and other illegal characters are
    percent-encoded. The address still leads where it led.
    """
    if _PLAIN.fullmatch(url):
        return url
    try:
        parts = urlsplit("".join(url.split("\n")).replace("\t", "").strip())
        host, port = _host(parts.hostname or ""), parts.port
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or not host:
        return ""
    place = host if port in (None, _DEFAULT_PORTS[parts.scheme]) else f"{host}:{port}"
    fragment = "" if _TRACKING_FRAGMENT.fullmatch(parts.fragment) else parts.fragment
    query = "&".join(pair for pair in parts.query.split("&") if pair and not _is_noise(pair))
    path = quote(parts.path or "/", safe=_SAFE)
    return urlunsplit((parts.scheme, place, path, quote(query, safe=_SAFE), quote(fragment, safe=_SAFE)))


@lru_cache(maxsize=1_024)
def host_of(url: str) -> str:
    """Return the host of an address without `www.`, or ""."""
    try:
        plain = _PLAIN.fullmatch(url)
        return ((plain[1] if plain else urlsplit(url).hostname) or "").removeprefix("www.")
    except ValueError:
        return ""


def _host(name: str) -> str:
    """Return the host in ASCII (IDNA), in brackets if it is an IPv6 address; ValueError if it cannot be."""
    if ":" in name:
        return f"[{name}]"
    host = name.rstrip(".")
    return host if host.isascii() else host.encode("idna").decode("ascii")


def _is_noise(pair: str) -> bool:
    name = pair.partition("=")[0]
    return bool(_TRACKING.fullmatch(name) or _FEED_MARK.fullmatch(pair) or _FETCH_TIME.fullmatch(pair))


@lru_cache(maxsize=2_048)
def url_value(url: str) -> str:
    """Return what two spellings of one address have in common: https, no `www.`, no last slash, no ticket; or ""."""
    if plain := _PLAIN.fullmatch(url):
        return f"https://{plain[1].removeprefix('www.')}{plain[2].rstrip('/')}"
    clean = clean_url(url)
    if not clean:
        return ""
    parts = urlsplit(clean)
    query = "&".join(pair for pair in parts.query.split("&") if not _TOKEN.fullmatch(pair))
    return urlunsplit(("https", parts.netloc.removeprefix("www."), parts.path.rstrip("/"), query, parts.fragment))
