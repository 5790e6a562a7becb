"""One work, one item: what makes two entries the same, and what never does."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.ingest import identity
from alerts.ingest.identity import contradict, fingerprint, merge_content, normalise_key, registry_ids, title_key
from alerts.model import Content, Key, Kind, Link, PartialDate


@pytest.mark.parametrize(
    ("scheme", "value", "kept"),
    [
        ("pmid", " 0034567 ", "34567"),
        ("pmid", "PMID: 34567", "34567"),
        ("pmcid", "8318175", "PMC8318175"),
        ("pmcid", "PMC8318175", "PMC8318175"),
        ("doi", "https://doi.org/10.1000/ABC.12", "10.1000/abc.12"),
        ("doi", "http://dx.doi.org/10.1000/ABC.12", "10.1000/abc.12"),
        ("doi", "DOI: 10.1000/abc.12.", "10.1000/abc.12"),
        ("doi", "10.1000%2Fabc", "10.1000/abc"),
        ("doi", "10.1016/S0000-0000(20)30000-1", "10.1016/s0000-0000(20)30000-1"),
        ("doi", "10.1000/abc)", "10.1000/abc"),
        ("doi", "10.1101/2026.01.02.26000001v3", "10.1101/2026.01.02.26000001"),
        ("doi", "10.64898/2026.01.02.26000001v1.full", "10.64898/2026.01.02.26000001"),
        ("doi", "10.21203/rs.3.rs-1234567/v2", "10.21203/rs.3.rs-1234567"),
        ("nct", "nct 01234567", "NCT01234567"),
        ("nct", "01234567", "NCT01234567"),
        ("isrctn", "12345678", "ISRCTN12345678"),
        ("euct", "CTIS2023-501234-12-00", "2023-501234-12-00"),
        ("eudract", "EUCTR2014-005325-12-ES", "2014-005325-12"),
        ("url", "http://www.Example.org/a/?utm_source=x", "https://example.org/a"),
        ("guid", " journal  tag:x ", "journal tag:x"),
    ],
)
def test_keys_have_one_spelling(scheme: str, value: str, kept: str) -> None:
    assert normalise_key(scheme, value) == Key(scheme, kept)
    assert normalise_key(scheme, kept) == Key(scheme, kept)


@pytest.mark.parametrize(
    ("scheme", "value"),
    [("pmid", "0"), ("pmid", "12a"), ("pmid", "1234567890"), ("doi", "10.1/x"), ("doi", "abc"), ("nct", "NCT123"),
     ("url", "javascript:x"), ("url", ""), ("guid", " "), ("no such scheme", "1")],
)  # fmt: skip
def test_what_cannot_be_a_key_is_none(scheme: str, value: str) -> None:
    assert normalise_key(scheme, value) is None


@given(st.sampled_from(["pmid", "pmcid", "doi", "url", "guid", *sorted(identity.REGISTRIES)]), st.text())
def test_normalising_survives_anything_and_is_stable(scheme: str, value: str) -> None:
    key = normalise_key(scheme, value)
    assert key is None or normalise_key(scheme, key.value) == key


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("registered (NCT01234567)", ["nct NCT01234567"]),
        ("NCT-01234567, NCT 01234568 and nct01234567", ["nct NCT01234567", "nct NCT01234568"]),
        ("EudraCT 2014-005325-12", ["eudract 2014-005325-12"]),
        ("EUCTR2014-005325-12-ES", ["eudract 2014-005325-12"]),
        ("EU CT 2023-501234-12-00", ["euct 2023-501234-12-00"]),
        ("ISRCTN 12345678", ["isrctn ISRCTN12345678"]),
        ("ACTRN12619000000123p", ["actrn ACTRN12619000000123"]),
        ("CTRI/2019/01/017000", ["ctri CTRI/2019/01/017000"]),
        ("ChiCTR2000029308; ChiCTR-TRC-08000001", ["chictr ChiCTR2000029308", "chictr ChiCTR-TRC-08000001"]),
        ("IRCT20180721040547N1", ["irct IRCT20180721040547N1"]),
        ("JPRN-UMIN000012345, UMIN000012346", ["umin UMIN000012345", "umin UMIN000012346"]),
        ("jRCTs031180001 and jRCT2031190001", ["jrct jRCTs031180001", "jrct jRCT2031190001"]),
        ("JapicCTI-184235", ["japiccti JapicCTI-184235"]),
        ("KCT0001234", ["kct KCT0001234"]),
        ("NL8545, NTR7254, NL-OMON52324", ["ntr NL8545", "ntr NTR7254", "nlomon NL-OMON52324"]),
        ("U1111-1234-5678", ["utn U1111-1234-5678"]),
        ("LBCTR2020043495 PER-010-20 EUPAS12345", ["lbctr LBCTR2020043495", "per PER-010-20", "eupas EUPAS12345"]),
        ("RBR-7x5y2z DRKS00012345 PACTR201905465349349", ["rbr RBR-7x5y2z", "drks DRKS00012345",
                                                          "pactr PACTR201905465349349"]),
        ("SLCTR/2019/012 TCTR20190101001 RPCEC00000123 ITMCTR2020000123",
         ["slctr SLCTR/2019/012", "tctr TCTR20190101001", "rpcec RPCEC00000123", "itmctr ITMCTR2020000123"]),
        ("NCT012345678, XNCT01234567, phone 2014-005325-123, nl8545, ISBN 978-3-16-148410-0, RBR-cancer", []),
        ("p = 0.0123, 2021-06-30, doi 10.1101/2021.01.02.21249123", []),
    ],
)  # fmt: skip
def test_registry_numbers_are_found_in_all_their_forms(text: str, found: list[str]) -> None:
    assert [" ".join(key) for key in registry_ids(text)] == found


@given(st.text(alphabet="NCTISRUMHdoi0123456789-/ ", max_size=200))
def test_every_number_found_is_already_normalised(text: str) -> None:
    assert all(normalise_key(*key) == key for key in registry_ids(text))


@pytest.mark.parametrize(
    ("url", "clean"),
    [
        ("https://pubmed.ncbi.nlm.nih.gov/1/?utm_source=a&utm_medium=rss&fc=20260101010101&ff=20260504093000&v=2.18.0.post22+6777",
         "https://pubmed.ncbi.nlm.nih.gov/1/"),
        ("https://example.org/watch?v=dQw4w9", "https://example.org/watch?v=dQw4w9"),
        ("https://example.org/a?ff=1&q=ms&af=R", "https://example.org/a?ff=1&q=ms"),
        ("https://example.org/a?rss=1#xtor=RSS-1", "https://example.org/a"),
        ("https://example.org/news#item-2", "https://example.org/news#item-2"),
        ("https://example.org", "https://example.org/"),
        ("not a link", ""),
    ],
)  # fmt: skip
def test_clean_url_drops_tracking_and_nothing_else(url: str, clean: str) -> None:
    assert identity.clean_url(url) == clean


ME, YOU = (Key("pmid", "1"), Key("doi", "10.1000/a")), (Key("pmid", "2"), Key("doi", "10.1000/b"))


def test_a_second_different_pmid_or_doi_is_a_contradiction() -> None:
    assert contradict(ME, YOU)
    assert contradict(ME, [Key("doi", "10.1000/b"), Key("pmid", "1")])
    assert contradict([Key("nct", "NCT00000001")], [Key("nct", "NCT00000002")])


def test_other_keys_do_not_contradict() -> None:
    assert not contradict(ME, ME)
    assert not contradict([Key("pmid", "1")], [Key("doi", "10.1000/a")])
    assert not contradict([Key("guid", "a 1"), Key("url", "x")], [Key("guid", "b 1"), Key("url", "y")])
    assert not contradict([], ME)


PAPER = Content(
    title="Remyelination after transplantation of glial progenitors in mice",
    text="METHODS: We looked. RESULTS: 12 mice.",
    authors=("Rossi M", "Silva A"),
    published=PartialDate(2026, 5),
)


@pytest.mark.parametrize("author", ["Rossi M", "Rossi, Maria", "Maria Rossi", "M. Rossi", "ROSSI MT", "Maria van der Rossi"])
def test_spellings_of_title_and_author_give_one_key(author: str) -> None:
    other = replace(PAPER, title="<Remyelination after Transplantation of glial progenitors in mice.", authors=(author,))
    assert title_key(other) == title_key(PAPER) is not None


@pytest.mark.parametrize(
    "change",
    [
        {"kind": Kind.RECORD},
        {"kind": Kind.NOTICE},
        {"authors": ()},
        {"published": None},
        {"title": "Editorial"},
        {"title": "Editorial: the future of remyelination therapies in multiple sclerosis"},
        {"title": "Correction to: Remyelination after transplantation of glial progenitors"},
        {"title": "Abstracts of the 30th congress on remyelination and neuroprotection"},
        {"title": "RETRACTED: Remyelination after transplantation of glial progenitors in mice"},
        {"title": "Multiple sclerosis"},
        {"title": "Remyelination after transplantation of glial progenitors in ..."},
    ],
)
def test_titles_that_must_never_merge_have_no_key(change) -> None:
    assert title_key(replace(PAPER, **change)) is None


def test_a_preprint_and_its_paper_keep_apart() -> None:
    assert title_key(replace(PAPER, kind=Kind.PREPRINT)) != title_key(PAPER)


@pytest.mark.parametrize(
    "change",
    [
        {"url": "https://example.org/?ff=2"},
        {"published": PartialDate(2026, 6)},
        {"text": "METHODS:  We looked.\nRESULTS: 12 mice."},
        {"title": PAPER.title.upper()},
        {"authors": ("Rossi, M.",)},
    ],
)
def test_links_dates_and_spacing_are_no_change(change) -> None:
    assert fingerprint(replace(PAPER, **change)) == fingerprint(PAPER)


def test_the_time_of_day_is_no_change() -> None:
    said = "Read at {}, see https://example.org/?t={}."
    times = ["2026-05-04T09:30:00Z", "4 May 2026 10:15", "May 5, 2026, 9:30 pm", "3 hours ago", "12:00:01"]
    assert len({fingerprint(replace(PAPER, text=said.format(time, len(time)))) for time in times}) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"title": "RETRACTED: " + PAPER.title},
        {"text": PAPER.text.replace("12", "21")},
        {"status": "terminated"},
        {"phases": ("PHASE2",)},
        {"has_results": True},
        {"enrollment": 12},
        {"publication_types": ("Retracted Publication",)},
    ],
)
def test_what_a_source_says_anew_is_a_change(change) -> None:
    assert fingerprint(replace(PAPER, **change)) != fingerprint(PAPER)


def test_a_stated_link_is_a_change_and_a_mention_is_not() -> None:
    assert fingerprint(PAPER, [Link("retracted-by", "pmid", "9")]) != fingerprint(PAPER)
    assert fingerprint(PAPER, [Link("mentions", "nct", "NCT00000001")]) == fingerprint(PAPER)


WORDS = st.sampled_from(["", "a", "b...", "METHODS: c.\nRESULTS: d.", "RETRACTED: a", "longer words"])
CONTENT = st.builds(
    Content,
    kind=st.sampled_from(Kind),
    title=WORDS,
    text=WORDS,
    url=st.sampled_from(["", "http://a.example/", "https://b.example/x", "https://a.example/"]),
    authors=st.sampled_from([(), ("A B",), ("A B", "C D"), ("Z",)]),
    venue=WORDS,
    published=st.sampled_from([None, PartialDate(2026), PartialDate(2026, 5), PartialDate(2025, 5, 4)]),
    publication_types=st.sampled_from([(), ("x",), ("y", "x")]),
    enrollment=st.sampled_from([None, 0, 12]),
    has_results=st.booleans(),
    truncated=st.booleans(),
)
FIELDS = ("title", "text", "url", "authors", "venue", "published", "publication_types", "enrollment")


@given(CONTENT, CONTENT, st.booleans())
def test_merging_fills_and_never_blanks(old: Content, new: Content, corrects: bool) -> None:
    merged = merge_content(old, new, corrects=corrects)
    for name in FIELDS:
        given_ = [getattr(old, name), getattr(new, name)]
        assert getattr(merged, name) not in ("", (), None) or all(value in ("", (), None) for value in given_)


@given(CONTENT)
def test_merging_with_itself_changes_nothing_but_order(content: Content) -> None:
    merged = merge_content(content, content)
    assert replace(merged, publication_types=()) == replace(content, publication_types=())


@given(st.permutations([PAPER, replace(PAPER, text="METHODS...", truncated=True), replace(PAPER, title="", kind=Kind.NEWS),
                        replace(PAPER, text="", authors=()), replace(PAPER, text="One long line without any section at all.")]))
def test_the_order_of_arrival_does_not_show(contents: list[Content]) -> None:  # fmt: skip
    merged = contents[0]
    for content in contents[1:]:
        merged = merge_content(merged, content)
    assert merged == PAPER


def test_the_whole_abstract_replaces_the_teaser_and_not_the_other_way_round() -> None:
    teaser = replace(PAPER, text="METHODS: We looked...", truncated=True)
    for merged in (merge_content(teaser, PAPER), merge_content(PAPER, teaser), merge_content(PAPER, teaser, corrects=True)):
        assert (merged.text, merged.truncated) == (PAPER.text, False)


def test_a_source_corrects_its_own_words_even_to_shorter_ones() -> None:
    shorter = replace(PAPER, title="Remyelination in mice", text="RESULTS: 11 mice.")
    merged = merge_content(PAPER, shorter, corrects=True)
    assert (merged.title, merged.text) == (shorter.title, shorter.text)


def test_a_record_s_newest_state_wins() -> None:
    old = Content(kind=Kind.RECORD, title="A trial", status="RECRUITING", phases=("PHASE1",))
    merged = merge_content(old, replace(old, status="TERMINATED", phases=(), why_stopped="slow"))
    assert (merged.status, merged.phases, merged.why_stopped) == ("TERMINATED", ("PHASE1",), "slow")
