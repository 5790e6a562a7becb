"""Completion and aftercare over real HTTP."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import unquote

import pytest
from aiohttp import web

from alerts.errors import FetchError
from alerts.ingest import aftercare, completion, crossref, europepmc, pubmed
from alerts.ingest.fetch import Fetch
from alerts.model import Content, Entry, Item, Key, Link

Serve = Callable[[Callable[[web.Request], Awaitable[web.StreamResponse]]], Awaitable[str]]
BASES = {"pubmed": pubmed.BASE, "europepmc": europepmc.BASE, "crossref": crossref.BASE}
HELD = {f"10.1000/w{number}" for number in range(40)}


async def answer(request: web.Request) -> web.Response:
    """Be Crossref and PubMed in one: works with a filter, one work by its DOI, efetch."""
    assert request.query["mailto"] == "ops@example.org", "the fetch adds the contact"
    if request.path == "/pubmed/efetch.fcgi":
        links = '<CommentsCorrectionsList><CommentsCorrections RefType="RetractionIn"><RefSource>x</RefSource><PMID>99</PMID></CommentsCorrections></CommentsCorrectionsList>'
        rows = "".join(f"<PubmedArticle><MedlineCitation><PMID>{one}</PMID><Article><ArticleTitle>T</ArticleTitle></Article>{links}</MedlineCitation></PubmedArticle>" for one in request.query["id"].split(","))
        return web.Response(text=f"<PubmedArticleSet>{rows}</PubmedArticleSet>", content_type="text/xml")
    if request.path == "/crossref":
        wanted = [one.removeprefix("doi:") for one in request.query["filter"].split(",")]
        found = [{"DOI": doi.upper(), "title": ["T"], "abstract": "<jats:p>Whole.</jats:p>", "updated-by": [{"DOI": "10.1000/n", "type": "retraction"}]} for doi in wanted if doi in HELD]
        return web.json_response({"status": "ok", "message-type": "work-list", "message": {"total-results": len(found), "items": found[: int(request.query["rows"])]}})
    doi = unquote(request.rel_url.raw_path.removeprefix("/crossref/"))
    if "," not in doi:
        return web.Response(status=404, text="Resource not found.")
    return web.json_response({"status": "ok", "message-type": "work", "message": {"DOI": doi, "title": ["Odd"], "abstract": "<jats:p>Odd.</jats:p>"}})


async def ask(fetch: Fetch, base: str, question: completion.Question) -> tuple[Entry, ...]:
    url = question.request.url.replace(BASES[question.service].rstrip("/"), f"{base}/{question.service}")
    return completion.answers(question, await fetch(replace(question.request, url=url, allow_private=True)))


def item(number: int, *keys: Key) -> Item:
    return Item(id=number, content=Content(title="T"), first_seen=datetime(2026, 5, 4, tzinfo=UTC), keys=keys)


async def test_crossref_completes_what_it_knows(serve: Serve) -> None:
    base = await serve(answer)
    odd = "10.1002/(sici)1,2:4.0.co;2-a"
    items = [item(number, Key("doi", f"10.1000/w{number}")) for number in range(50)] + [item(99, Key("doi", odd))]
    async with Fetch(credentials={"127.0.0.1": {"mailto": "ops@example.org"}}) as fetch:
        found = [entry for question in completion.questions(items, dict.fromkeys(range(100), 1)) for entry in await ask(fetch, base, question)]
    assert {entry.keys[0].value for entry in found} == HELD | {odd}
    assert all(completion.is_better(Content(title="T"), entry.content) for entry in found)


async def test_a_retraction_comes_by_both_roads(serve: Serve) -> None:
    base = await serve(answer)
    async with Fetch(credentials={"127.0.0.1": {"mailto": "ops@example.org"}}) as fetch:
        found = [entry for question in aftercare.questions([item(1, Key("pmid", "41"), Key("doi", "10.1000/w1"))]) for entry in await ask(fetch, base, question)]
    assert [aftercare.changes((), entry.links) for entry in found] == [(Link("retracted-by", "pmid", "99"),), (Link("retracted-by", "doi", "10.1000/n"),)]


async def test_a_doi_that_crossref_does_not_know_yet_is_a_404(serve: Serve) -> None:
    base = await serve(answer)
    ((request, _),) = crossref.requests(["10.1000/unknown,"], base=f"{base}/crossref")
    async with Fetch(credentials={"127.0.0.1": {"mailto": "ops@example.org"}}) as fetch:
        with pytest.raises(FetchError) as caught:
            await fetch(replace(request, url=re.sub("%2C$", "", request.url), allow_private=True))
    assert caught.value.status == 404
