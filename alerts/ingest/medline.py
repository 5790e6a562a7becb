"""PubMed's XML (efetch, NLM DTD 2025) -> entries."""

import re
from collections.abc import Iterator
from itertools import chain

from lxml import etree
from lxml.etree import _Element

from alerts.errors import FetchError, ReadError
from alerts.ingest.answer import distinct, raw_hash, words_of, xml_root
from alerts.ingest.dates import MONTHS, first_of
from alerts.ingest.identity import normalise_key, registry_ids
from alerts.model import Content, Document, Entry, Key, Kind, Link, PartialDate

SERVICE = "PubMed"

KINDS_BY_TYPE = {
    "Preprint": Kind.PREPRINT,
    "Published Erratum": Kind.NOTICE,
    "Retraction of Publication": Kind.NOTICE,
    "Retraction Notice": Kind.NOTICE,
    "Expression of Concern": Kind.NOTICE,
    "Meeting Abstract": Kind.ABSTRACT,
    "News": Kind.NEWS,
    "Newspaper Article": Kind.NEWS,
    "Patient Education Handout": Kind.EXPLAINER,
}

# https://www.nlm.nih.gov/bsd/licensee/elements_descriptions.html#commentscorrections
RELATIONS = {
    "RetractionIn": "retracted-by",
    "RetractedandRepublishedIn": "retracted-by",
    "RetractionOf": "retracts",
    "ErratumIn": "corrected-by",
    "CorrectedandRepublishedIn": "corrected-by",
    "ErratumFor": "corrects",
    "CorrectedandRepublishedFrom": "corrects",
    "ExpressionOfConcernIn": "concern-by",
    "ExpressionOfConcernFor": "concerns",
    "UpdateOf": "version-of",
    "UpdateIn": "version-of",
    "RepublishedIn": "version-of",
    "RepublishedFrom": "version-of",
    "RetractedandRepublishedFrom": "version-of",
    "CommentOn": "mentions",
}

_DATA_BANKS = ("ClinicalTrials.gov", "EudraCT", "EU Clinical Trials Register", "ISRCTN", "ANZCTR", "ChiCTR", "CRiS",
               "CTRI", "DRKS", "IRCT", "JapicCTI", "jRCT", "JMACCT", "KCT", "NTR", "PACTR", "ReBec", "REPEC", "RPCEC",
               "SLCTR", "TCTR", "TCR", "UMIN-CTR", "UMIN CTR", "CTIS", "LBCTR", "ITMCTR")  # fmt: skip
_SEASONS = {"win": 1, "spr": 3, "sum": 6, "aut": 9, "fal": 9}
_DOI = re.compile(r"\bdoi:\s*(10\.\d{4,9}/\S+)", re.IGNORECASE)
_RAISED = str.maketrans("0123456789+-−n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻ⁿ")
_TRUNCATED = re.compile(r"\(?ABSTRACT TRUNCATED AT \d+ WORDS\)?\.?\s*$")


def entries(document: Document) -> tuple[Entry, ...]:
    """Read an efetch answer; ReadError where PubMed says an error in it, FetchError (429) at its rate limit."""
    refuse_rate_limit(document)
    root = xml_root(document, SERVICE)
    if root.tag not in ("PubmedArticleSet", "PubmedBookArticleSet"):
        said = words_of(root)[:200]
        raise ReadError(f"{SERVICE} answered with an error inside its answer: {said or root.tag}")
    return tuple(_entry(article) for article in root if article.tag in ("PubmedArticle", "PubmedBookArticle"))


def refuse_rate_limit(document: Document) -> None:
    """Raise the rate limit that E-utilities tell inside a 200; the body names the key or our address: not repeated."""
    if b"rate limit exceeded" in document.body[:300].lower():
        raise FetchError(f"{SERVICE} says that its rate limit was exceeded", status=429)


def _entry(article: _Element) -> Entry:
    citation = article.find("MedlineCitation")
    record = citation if citation is not None else _child(article, "BookDocument")
    pmid = _text(record, "PMID")
    if not pmid.isdigit():
        raise ReadError(f"{SERVICE} sent a record without a PMID")
    article.tail = None
    content = _content(article, record, pmid)
    return Entry(
        locator=pmid,
        content=content,
        keys=_keys(article, record, pmid),
        links=_links(record, content.kind),
        raw_hash=raw_hash(etree.tostring(article, encoding="utf-8")),
    )


def _child(parent: _Element, name: str) -> _Element:
    found = parent.find(name)
    if found is None:
        raise ReadError(f"{SERVICE} sent a record without {name}")
    return found


def _content(article: _Element, record: _Element, pmid: str) -> Content:
    types = tuple(_words(one) for one in record.iterfind(".//PublicationType"))
    text = abstract(record)
    return Content(
        kind=next((KINDS_BY_TYPE[one] for one in types if one in KINDS_BY_TYPE), Kind.PAPER),
        title=_title(record),
        text=_TRUNCATED.sub("", text).rstrip(),
        url=f"https://pubmed.ncbi.nlm.nih.gov/{pmid}/",
        authors=tuple(_authors(record)),
        venue=_text(record, "Article/Journal/Title") or _text(record, "Book/BookTitle"),
        published=_published(article, record),
        language="en",  # titles and abstracts are in English, whatever the language of the article
        publication_types=types,
        mesh=tuple(_words(one) for one in record.iterfind("MeshHeadingList/MeshHeading/DescriptorName")),
        truncated=bool(_TRUNCATED.search(text)),
    )


def _title(record: _Element) -> str:
    """Return the title; one in square brackets is a translation (and says so by them), the brackets go."""
    title = _text(record, "Article/ArticleTitle") or _text(record, "ArticleTitle")
    title = title or _text(record, "Article/VernacularTitle") or _text(record, "Book/BookTitle")
    match = re.fullmatch(r"\[(.+?)\.?\]\.?", title)
    return match[1] if match else title


def abstract(record: _Element) -> str:
    """Return the abstract; labelled sections stand on lines of their own as `LABEL: text`."""
    parts = record.findall("Article/Abstract/AbstractText") or record.findall("Abstract/AbstractText")
    lines = ((part.get("Label", "").strip(), _words(part)) for part in parts)
    named = ((label, words) for label, words in lines if words)
    return "\n".join(f"{label}: {words}" if label not in ("", "UNLABELLED") else words for label, words in named)


def _authors(record: _Element) -> Iterator[str]:
    for author in chain(record.iterfind("Article/AuthorList/Author"), record.iterfind("AuthorList/Author")):
        last, initials = _text(author, "LastName"), _text(author, "Initials")
        name = f"{last} {initials}".strip() or _text(author, "CollectiveName")
        if name and author.get("ValidYN") != "N":
            yield name


def _published(article: _Element, record: _Element) -> PartialDate | None:
    """Return when the work appeared: electronically, in an issue (perhaps of a later cover date), or in PubMed."""
    nodes = chain(
        record.iterfind("Article/ArticleDate"),
        record.iterfind("Article/Journal/JournalIssue/PubDate"),
        record.iterfind("Book/PubDate"),
        article.iterfind("*/History/PubMedPubDate[@PubStatus='entrez']"),
    )
    return first_of(found for node in nodes if (found := _date(node)))


def _date(node: _Element) -> PartialDate | None:
    year, month, day = (_text(node, name) for name in ("Year", "Month", "Day"))
    medline = re.match(r"(\d{4})(?:\s+([A-Za-z]+))?", _text(node, "MedlineDate"))
    if not year and medline:
        year, month = medline[1], medline[2] or ""
    number = _month(month or _text(node, "Season"))
    parts = [year, f"{number:02}" if number else "", f"{int(day):02}" if number and day.isdigit() else ""]
    return PartialDate.parse("-".join(part for part in parts if part))


def _month(text: str) -> int | None:
    if text.isdigit():
        return int(text)
    start = text[:3].lower()
    return MONTHS.get(start) or _SEASONS.get(start)


def _keys(article: _Element, record: _Element, pmid: str) -> tuple[Key, ...]:
    ids = chain(article.iterfind("PubmedData/ArticleIdList/ArticleId"), record.iterfind("ArticleIdList/ArticleId"),
                article.iterfind("PubmedBookData/ArticleIdList/ArticleId"))  # fmt: skip
    names = {"doi": "doi", "pmc": "pmcid"}
    found = [(names[one.get("IdType", "")], _words(one)) for one in ids if one.get("IdType") in names]
    places = record.iterfind("Article/ELocationID[@EIdType='doi']")
    found += [("doi", _words(one)) for one in places if one.get("ValidYN") != "N"]
    keys = [Key("pmid", pmid)]
    for scheme, value in found:
        key = normalise_key(scheme, value)
        if key and key.scheme not in {held.scheme for held in keys}:
            keys.append(key)
    return tuple(keys)


def _links(record: _Element, kind: Kind) -> tuple[Link, ...]:
    return distinct(chain(_registrations(record), _corrections(record, kind), _mentions(record)))


def _registrations(record: _Element) -> Iterator[Link]:
    """Yield the registry numbers that the authors declared: the study of this work is registered under them."""
    for bank in record.iterfind("Article/DataBankList/DataBank"):
        if _text(bank, "DataBankName") in _DATA_BANKS:
            for number in bank.iterfind("AccessionNumberList/AccessionNumber"):
                yield from (Link("registered-as", *key) for key in registry_ids(_words(number)))


def _mentions(record: _Element) -> Iterator[Link]:
    declared = {(link.scheme, link.value) for link in _registrations(record)}
    text = f"{_title(record)}\n{abstract(record)}"
    yield from (Link("mentions", *key) for key in registry_ids(text) if key not in declared)


def _corrections(record: _Element, kind: Kind) -> Iterator[Link]:
    """Yield what other works do to this one; a preprint's newer version in a journal is its publication."""
    for node in record.iterfind("CommentsCorrectionsList/CommentsCorrections"):
        ref = node.get("RefType", "")
        relation = "published-as" if ref == "UpdateIn" and kind is Kind.PREPRINT else RELATIONS.get(ref)
        if relation:
            yield from (Link(relation, *key) for key in _referred(node))


def _referred(node: _Element) -> Iterator[Key]:
    doi = _DOI.search(_text(node, "RefSource"))
    keys = (normalise_key("pmid", _text(node, "PMID")), normalise_key("doi", doi[1].rstrip(".,;)")) if doi else None)
    yield from (key for key in keys if key)


def _text(node: _Element, path: str) -> str:
    found = node.find(path)
    return _words(found) if found is not None else ""


def _words(node: _Element) -> str:
    """Return the text of a node without its markup; raised digits stay raised, or 10<sup>9</sup> would read 109."""
    return " ".join("".join(_pieces(node)).split())


def _pieces(node: _Element) -> Iterator[str]:
    yield _raised(node.text or "") if node.tag == "sup" else node.text or ""
    for child in node:
        if isinstance(child.tag, str):
            yield from _pieces(child)
        yield child.tail or ""


def _raised(text: str) -> str:
    return text.translate(_RAISED) if re.fullmatch(r"\s*[-+−]?[\dn]+[-+−]?\s*", text) else text
