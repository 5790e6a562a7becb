"""Stand-ins for the services: each answers as documented, limits and errors included, and remembers what it was asked."""

import re
from collections import deque
from datetime import date, timedelta
from typing import Any

from aiohttp import web

TODAY = date(2026, 5, 4)
KNOWN = {"query.cond", "filter.advanced", "fields", "sort", "pageSize", "format", "pageToken", "countTotal"}
SORTS = {"", "FIRST_IDATE_D asc", "FIRST_IDATE_D desc", "FIRST_PDATE_D desc", "CITED desc"}
RECORD = (
    "<PubmedArticle><MedlineCitation><PMID Version='1'>{pmid}</PMID><DateRevised>{revised}</DateRevised><Article><ArticleTitle>Work {pmid}</ArticleTitle>"
    "<Abstract><AbstractText>Text {pmid}.</AbstractText></Abstract></Article>{links}</MedlineCitation></PubmedArticle>"
)
LIMIT = '{{"error":"API rate limit exceeded","api-key":"{key}","count":"4","limit":"3"}}'


class Eutils:
    """E-utilities as documented: 9,999 at most, GET up to 200 ids, a limit on requests a second."""

    def __init__(self, entered: dict[int, date]) -> None:
        self.entered, self.modified = entered, dict[int, date]()
        self.retracted: set[int] = set()
        self.log: list[tuple[str, str, dict[str, str]]] = []
        self.per_second, self.limit_status = 0, 429
        self.broken: deque[web.Response] = deque()
        self.withheld: set[int] = set()

    async def __call__(self, request: web.Request) -> web.Response:
        asked = {name: str(value) for name, value in (*request.query.items(), *(await request.post()).items())}
        self.log.append((request.method, request.path, asked))
        if self.broken:
            return self.broken.popleft()
        if len(request.query_string) > 4000:
            return web.Response(status=414, text="URI too long")
        if "tool" not in asked:
            return web.json_response({"error": "tool is missing"}, status=400)
        return self.search(asked) if request.path.endswith("esearch.fcgi") else self.fetch(asked)

    def search(self, asked: dict[str, str]) -> web.Response:
        first, last = (date.fromisoformat(asked[name].replace("/", "-")) for name in ("mindate", "maxdate"))
        since = date.fromisoformat(asked["term"].split('("')[-1][:10].replace("/", "-")) if "[mdat]" in asked["term"] else date.min
        found = [pmid for pmid, day in sorted(self.entered.items()) if first <= day <= last and self.modified.get(pmid, day) >= since]
        start, most = int(asked["retstart"]), int(asked["retmax"])
        if start > 9998:
            return web.json_response({"esearchresult": {"ERROR": "Search Backend failed: 'retstart' cannot be larger than 9998."}})
        shown = found[start : min(start + most, 9999)]
        body: dict[str, Any] = {"count": str(len(found)), "retmax": str(len(shown)), "retstart": str(start), "idlist": [str(one) for one in shown]}
        if len(found) > 9999:
            body["warninglist"] = {"outputmessages": ["Restrictions achieved"]}
        return web.json_response({"header": {"type": "esearch"}, "esearchresult": body})

    def fetch(self, asked: dict[str, str]) -> web.Response:
        ids = [int(one) for one in asked["id"].split(",")]
        if len(ids) > 200:
            return web.Response(status=400, text="too many ids")
        links = '<CommentsCorrectionsList><CommentsCorrections RefType="RetractionIn"><RefSource>x</RefSource><PMID>99</PMID></CommentsCorrections></CommentsCorrectionsList>'
        rows = (
            RECORD.format(pmid=pmid, revised=self.modified.get(pmid, ""), links=links if pmid in self.retracted else "") for pmid in ids if pmid in self.entered and pmid not in self.withheld
        )
        return web.Response(text=f'<?xml version="1.0" ?><PubmedArticleSet>{"".join(rows)}</PubmedArticleSet>', content_type="text/xml")


class Registry:
    """The API v2 as documented: pageSize 10 by default and 1,000 at most, tokens bound to one state of the data."""

    def __init__(self, count: int) -> None:
        self.updated = {f"NCT{number:08}": TODAY - timedelta(days=number % 500) for number in range(1, count + 1)}
        self.status = dict.fromkeys(self.updated, "RECRUITING")
        self.version, self.refresh_at = 1, frozenset[int]()
        self.log: list[dict[str, str]] = []

    async def __call__(self, request: web.Request) -> web.Response:
        asked = dict(request.query)
        self.log.append(asked)
        self.version += len(self.log) in self.refresh_at
        if request.path != "/api/v2/studies" or (strange := asked.keys() - KNOWN):
            return web.Response(status=400, text=f"Unknown parameter {strange if request.path == '/api/v2/studies' else ''}")
        size = int(asked.get("pageSize", "10"))
        if not 0 <= size <= 1000:
            return web.Response(status=400, text="pageSize must be between 0 and 1000")
        version, _, start = asked.get("pageToken", f"{self.version}-0").partition("-")
        if int(version) != self.version:
            return web.Response(status=400, text="Invalid page token")
        return web.json_response(self.page(asked, int(start), size))

    def page(self, asked: dict[str, str], start: int, size: int) -> dict[str, Any]:
        window = re.search(r"AREA\[LastUpdatePostDate\]RANGE\[([^,]+),MAX\]", asked.get("filter.advanced", ""))
        first = date.fromisoformat(window[1]) if window else date.min
        assert asked["sort"] == "LastUpdatePostDate:asc"
        found = sorted((day, number) for number, day in self.updated.items() if day >= first)
        studies = [self.study(number, day) for day, number in found[start : start + size]]
        return {"studies": studies} | ({"nextPageToken": f"{self.version}-{start + size}"} if start + size < len(found) else {})

    def study(self, number: str, day: date) -> dict[str, Any]:
        status = {"overallStatus": self.status[number], "lastUpdatePostDateStruct": {"date": day.isoformat()}, "startDateStruct": {"date": "2025-07"}}
        return {"protocolSection": {"identificationModule": {"nctId": number, "briefTitle": "A trial"}, "statusModule": status}, "hasResults": False}


class EuropePmc:
    """The search as documented: errors in a 200, one more cursor after the last page, 503 for an unknown sort."""

    def __init__(self, count: int) -> None:
        self.indexed = {str(43_000_000 + number): TODAY - timedelta(days=number % 88) for number in range(count)}
        self.log: list[tuple[str, dict[str, str]]] = []
        self.expire_at = frozenset[int]()

    async def __call__(self, request: web.Request) -> web.Response:
        asked = {name: str(value) for name, value in (*request.query.items(), *(await request.post()).items())}
        self.log.append((request.path, asked))
        if request.path != ("/rest/searchPOST" if request.method == "POST" else "/rest/search"):
            return web.Response(status=404, text="no such service")
        if asked.get("sort", "") not in SORTS:
            return web.Response(status=503, text="Service Unavailable")
        if not 1 <= int(asked.get("pageSize", "25")) <= 1000:
            return web.json_response({"errCode": 404, "errMsg": "Invalid page size provided. Valid size is between 1 and 1000"})
        if len(self.log) in self.expire_at:
            return web.json_response({"errCode": 404, "errMsg": "Invalid cursorMark"})
        return web.json_response(self.page(asked))

    def page(self, asked: dict[str, str]) -> dict[str, Any]:
        first, last = (date.fromisoformat(one) for one in asked["query"].split("FIRST_IDATE:[")[1].rstrip("])").split(" TO "))
        found = sorted((day, number) for number, day in self.indexed.items() if first <= day <= last)
        start, size = 0 if asked["cursorMark"] == "*" else int(asked["cursorMark"], 36), int(asked.get("pageSize", "25"))
        rows = [{"id": number, "source": "MED", "pmid": number, "title": f"Work {number}", "citedByCount": len(self.log)} for _, number in found[start : start + size]]
        following = format(start + len(rows), "d") if rows else asked["cursorMark"]
        body = {"version": "6.9", "hitCount": len(found), "resultList": {"result": rows}}
        return body | {"nextCursorMark": _base36(int(following)) if rows else asked["cursorMark"], "nextPageUrl": f"http://x/search?query=raw space&cursorMark={following}"}


def _base36(number: int) -> str:
    digits = "0123456789abcdefghijklmnopqrstuvwxyz"
    return (_base36(number // 36) if number >= 36 else "") + digits[number % 36]


class Listing:
    """The listing as observed: its own page size, which changes, versions, and a status other than ok at the end."""

    def __init__(self, count: int) -> None:
        self.rows = [
            {
                "title": "Rare myelitis" if number % 3 == 0 else "Something else", "authors": "Ferro, A.", "doi": f"10.64898/2026.04.01.{number:06}", "version": "1",
                "date": (TODAY - timedelta(days=number % 60)).isoformat(), "abstract": "Text.", "published": "NA", "server": "medRxiv",
            }
            for number in range(count)
        ]  # fmt: skip
        self.pubs = [
            {"preprint_doi": "10.64898/2026.04.01.000003", "published_doi": "10.1000/Paper", "preprint_title": "Rare myelitis", "preprint_authors": "Ferro, A.", "preprint_date": "2026-04-01"}
        ]
        self.log: list[str] = []
        self.answers: dict[int, web.Response] = {}

    async def __call__(self, request: web.Request) -> web.Response:
        self.log.append(request.path)
        if len(self.log) in self.answers:
            return self.answers.pop(len(self.log))
        _, kind, server, first, last, cursor, *_ = request.path.split("/")
        assert server == "medrxiv"
        within = [row for row in self.rows if first <= row["date"] <= last] if kind == "details" else self.pubs
        page = within[int(cursor) :][: 30 if len(self.log) % 2 else 100]
        if not page:
            return web.json_response({"messages": [{"status": "no posts found"}], "collection": []})
        return web.json_response({"messages": [{"status": "ok", "count": len(page), "total": str(len(within) + 40)}], "collection": page})
