"""What a work is, where its source does not say: told by its identifiers, its host and its title; pure."""

import re

from alerts.ingest.weblink import host_of
from alerts.model import Key, Kind, Source

KINDS = frozenset(kind.value for kind in Kind)
REGISTRY_HOSTS = frozenset({
    "clinicaltrials.gov", "euclinicaltrials.eu", "clinicaltrialsregister.eu", "trialsearch.who.int", "isrctn.com",
    "drks.de", "anzctr.org.au", "jrct.niph.go.jp", "jrct.mhlw.go.jp", "ctri.nic.in", "chictr.org.cn",
    "irct.behdasht.gov.ir",
    "ensaiosclinicos.gov.br", "pactr.samrc.ac.za", "cris.nih.go.kr", "thaiclinicaltrials.org", "center6.umin.ac.jp",
})  # fmt: skip
_PREPRINT_HOSTS = frozenset({
    "medrxiv.org", "biorxiv.org", "connect.medrxiv.org", "connect.biorxiv.org", "arxiv.org", "researchsquare.com",
    "preprints.org", "ssrn.com", "papers.ssrn.com", "psyarxiv.com", "osf.io", "chemrxiv.org", "authorea.com",
})  # fmt: skip
_PREPRINT_DOI = re.compile(
    r"10\.(?:1101/(?:19|20)\d\d|1101/\d{6}|64898/|21203/rs\.|20944/preprints|2139/ssrn|48550/arxiv|31234/osf|"
    r"26434/chemrxiv|22541/au)"
)
_NOTICE = re.compile(
    r"(?:(?:author|publisher|editorial|partial)[' ]?s? ?)?(?:correction|corrigend(?:um|a)|errat(?:um|a)|addendum|"
    r"retraction(?: notice| note| statement)?|notice of (?:retraction|withdrawal)|withdrawal notice|"
    r"expression of concern|statement of retraction)(?:\s*(?:to|of|for|on)\b|\s*[:.\u2013\u2014-]|\s*$)",
    re.IGNORECASE,
)


_JOURNAL_HOSTS = frozenset({
    "academic.oup.com", "aan.com", "aacrjournals.org", "acpjournals.org", "ahajournals.org", "annualreviews.org",
    "ascopubs.org", "biomedcentral.com", "bmj.com", "cambridge.org", "cell.com", "cochranelibrary.com", "dovepress.com",
    "elifesciences.org", "frontiersin.org", "hindawi.com", "ingentaconnect.com", "jamanetwork.com", "jci.org",
    "jneurosci.org", "jns-journal.com", "karger.com", "liebertpub.com", "lww.com", "mdpi.com", "msard-journal.com",
    "nature.com", "nejm.org", "neurology.org", "pensoft.net", "plos.org", "pnas.org", "sagepub.com", "science.org",
    "sciencedirect.com", "scielo.br", "scielo.org", "springer.com", "springeropen.com", "tandfonline.com",
    "thelancet.com", "wiley.com", "cnki.net", "pedro.org.au",
})  # fmt: skip
_ARTICLE = re.compile(
    r"[/=](?:pii/|PII)?S\d{4}-?\d{3}[\dX]|"  # publisher item identifier, also SciELO's
    r"/articles?/view/\w|"  # Open Journal Systems
    r"/doi/(?:abs|full|epdf|pdf|10\.)|"
    r"/papers/[^/]+/detail/\d|"
    r"/vol(?:ume)?[/-]?\d{1,3}/(?:iss(?:ue)?|no)[/-]?\d|/content/\d{1,3}/(?:\d{1,3}|suppl)|"  # volume and issue
    r"^https?://(?:journals|ojs|revistas)\.",
    re.IGNORECASE,
)
_JOURNAL = re.compile(
    r"\b(?:(?:journal|annals|archives) of (?!(?:a|an|my|our)\b)|acta [A-Z]|frontiers in|advances in|zeitschrift f|"
    r"revista (?:de|brasileira)|table of contents|online ?first|early view|ahead of print|(?:current|latest) issue|"
    r"\w*(?:ology|ics|sis|ical|cine|science) journal\b)|\u5b66\u62a5",
    re.IGNORECASE,
)
_ABOUT_A_JOURNAL = re.compile(
    r"\b(?:news|blogs?|press|podcasts?|comments?|jobs|events|videos?|interviews)\b", re.IGNORECASE
)
_SECTION = re.compile(
    r"(?:BACKGROUND|INTRODUCTION|OBJECTIVES?|AIMS?|PURPOSE|METHODS?|RESULTS|FINDINGS|CONCLUSIONS?)\b.{0,30}?:",
    re.IGNORECASE,
)


def kind_of(  # noqa: PLR0913  what may tell a kind
    source: Source, url: str, title: str, keys: tuple[Key, ...], *, scholarly: bool, told: str = ""
) -> Kind:
    """Return the kind that the operator stated for the source, or what the entry looks like.

    `scholarly` says that the entry bears a journal's own marks (a DOI field, PRISM); `told` is its dc:type, which
    counts where it is one of our words.
    A notice is one whatever the source gives, for journals print them among their papers.
    """
    told = told.strip().lower()
    stated = (Kind(told) if told in KINDS else None) if source.gives == "mixed" else Kind(source.gives)
    if stated in (None, Kind.PAPER) and _NOTICE.match(title):
        return Kind.NOTICE
    return stated or _looks_like(url, keys, scholarly=scholarly)


def _looks_like(url: str, keys: tuple[Key, ...], *, scholarly: bool) -> Kind:
    host, schemes = host_of(url), {key.scheme for key in keys}
    if host in REGISTRY_HOSTS:
        return Kind.RECORD
    if host in _PREPRINT_HOSTS or any(key.scheme == "doi" and _PREPRINT_DOI.match(key.value) for key in keys):
        return Kind.PREPRINT
    return Kind.PAPER if scholarly or schemes & {"pmid", "pmcid", "doi"} or _in_journal(url) else Kind.NEWS


def _in_journal(url: str) -> bool:
    host = host_of(url)
    parts = host.split(".")
    return bool(_ARTICLE.search(url)) or any(".".join(parts[at:]) in _JOURNAL_HOSTS for at in range(len(parts)))


def is_journal(title: str) -> bool:
    """Tell by the title of a feed that it is a journal's own list of papers, not its news or blog."""
    return bool(_JOURNAL.search(title)) and not _ABOUT_A_JOURNAL.search(title)


def has_sections(text: str) -> bool:
    """Tell whether a text is an abstract by its headings (two of methods, results and the like)."""
    return sum(bool(_SECTION.match(line)) for line in text.split("\n")) > 1


def notice_relation(title: str) -> str:
    """Return how a notice with this title stands to the work it names."""
    words = title.lower()
    if "concern" in words:
        return "concerns"
    return "retracts" if "retract" in words or "withdraw" in words else "corrects"
