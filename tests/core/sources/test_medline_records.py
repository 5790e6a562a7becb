"""PubMed's XML becomes entries."""

import pytest

from alerts.errors import FetchError, ReadError
from alerts.ingest import medline
from alerts.model import Document, Entry, Key, Kind, Link, PartialDate


def article(
    pmid: str = "41000001",
    *,
    title: str = "Slow walking in a rare myelitis.",
    abstract: str = "<AbstractText>Twelve people walked.</AbstractText>",
    extra: str = "",
    types: tuple[str, ...] = ("Journal Article",),
    dates: str = "<PubDate><Year>2026</Year><Month>Jun</Month></PubDate>",
    article_date: str = "",
    after: str = "",
    ids: str = "",
) -> str:
    listed = "".join(f'<PublicationType UI="D0">{one}</PublicationType>' for one in types)
    return f"""<PubmedArticle><MedlineCitation Status="Publisher" Owner="NLM"><PMID Version="1">{pmid}</PMID>
      <Article><Journal><JournalIssue>{dates}</JournalIssue><Title>Annals of Invented Neurology</Title></Journal>
      <ArticleTitle>{title}</ArticleTitle><Abstract>{abstract}</Abstract>
      <AuthorList><Author ValidYN="Y"><LastName>Ferro</LastName><Initials>AB</Initials></Author>
      <Author ValidYN="Y"><CollectiveName>WALK Group</CollectiveName></Author></AuthorList>{article_date}
      <PublicationTypeList>{listed}</PublicationTypeList>{extra}</Article>{after}</MedlineCitation>
      <PubmedData><ArticleIdList><ArticleId IdType="pubmed">{pmid}</ArticleId>{ids}</ArticleIdList>
      <ReferenceList><Reference><ArticleIdList><ArticleId IdType="doi">10.9999/cited.only</ArticleId></ArticleIdList>
      </Reference></ReferenceList></PubmedData></PubmedArticle>"""


def read(*articles: str) -> tuple[Entry, ...]:
    head = '<?xml version="1.0"?><!DOCTYPE PubmedArticleSet PUBLIC "-//NLM//DTD" "https://dtd.nlm.nih.gov/x.dtd">'
    body = f"{head}<PubmedArticleSet>{''.join(articles)}</PubmedArticleSet>"
    return medline.entries(Document(url="https://eutils.example/", body=body.encode()))


def one(**given: object) -> Entry:
    (entry,) = read(article(**given))  # type: ignore[arg-type]
    return entry


def test_a_record_carries_its_own_words_and_no_markup() -> None:
    entry = one(title="Effect of H<sub>2</sub>O on <i>walking</i>.", types=("Journal Article", "Clinical Trial, Phase II"))
    assert entry.content.title == "Effect of H2O on walking."
    assert entry.content.text == "Twelve people walked."
    assert entry.content.authors == ("Ferro AB", "WALK Group")
    assert entry.content.venue == "Annals of Invented Neurology"
    assert entry.content.publication_types == ("Journal Article", "Clinical Trial, Phase II")
    assert entry.content.url == "https://pubmed.ncbi.nlm.nih.gov/41000001/"
    assert entry.content.kind is Kind.PAPER


def test_labelled_sections_stand_on_lines_of_their_own() -> None:
    text = one(
        abstract='<AbstractText Label="METHODS" NlmCategory="METHODS">We asked <b>twelve</b> people.</AbstractText>'
        '<AbstractText Label="RESULTS">All\n   answered.</AbstractText><AbstractText Label="UNLABELLED">Thanks.</AbstractText>'
        '<AbstractText Label="EMPTY"/><CopyrightInformation>Copyright 2026</CopyrightInformation>'
    ).content.text
    assert text == "METHODS: We asked twelve people.\nRESULTS: All answered.\nThanks."


@pytest.mark.parametrize(
    ("marked", "plain"),
    [("2 × 10<sup>9</sup> cells", "2 × 10⁹ cells"), ("10<sup>-3</sup>", "10⁻³"), ("kg/m<sup>2</sup>", "kg/m²"), ("the 4<sup>th</sup> visit", "the 4th visit")],
)
def test_raised_digits_stay_raised_so_that_no_number_grows(marked: str, plain: str) -> None:
    assert one(abstract=f"<AbstractText>{marked}</AbstractText>").content.text == plain


def test_mesh_arrives_as_descriptors_only() -> None:
    mesh = (
        '<MeshHeadingList><MeshHeading><DescriptorName UI="D1">Multiple Sclerosis</DescriptorName>'
        '<QualifierName UI="Q1">drug therapy</QualifierName></MeshHeading>'
        '<MeshHeading><DescriptorName UI="D2">Humans</DescriptorName></MeshHeading></MeshHeadingList>'
    )
    assert one(after=mesh).content.mesh == ("Multiple Sclerosis", "Humans")


def test_own_identifiers_are_keys_and_those_of_references_are_not() -> None:
    entry = one(
        extra='<ELocationID EIdType="doi" ValidYN="N">10.1000/wrong</ELocationID>',
        ids='<ArticleId IdType="doi">10.1000/Right.1</ArticleId><ArticleId IdType="pmc">PMC7654321</ArticleId>',
    )
    assert entry.keys == (Key("pmid", "41000001"), Key("doi", "10.1000/right.1"), Key("pmcid", "PMC7654321"))
    assert entry.locator == "41000001"


def test_a_doi_that_only_the_location_gives_is_a_key() -> None:
    assert Key("doi", "10.1000/only.here") in one(extra='<ELocationID EIdType="doi" ValidYN="Y">10.1000/only.here</ELocationID>').keys


def test_an_invalid_location_is_no_key_and_of_two_dois_the_record_s_own_counts() -> None:
    location = '<ELocationID EIdType="doi" ValidYN="{}">10.1000/location</ELocationID>'
    assert one(extra=location.format("N")).keys == (Key("pmid", "41000001"),)
    both = one(extra=location.format("Y"), ids='<ArticleId IdType="doi">10.1000/own</ArticleId>')
    assert both.keys == (Key("pmid", "41000001"), Key("doi", "10.1000/own"))


def test_declared_registry_numbers_are_links_and_other_data_banks_are_not() -> None:
    banks = (
        "<DataBankList><DataBank><DataBankName>ClinicalTrials.gov</DataBankName><AccessionNumberList>"
        "<AccessionNumber>NCT04000001</AccessionNumber></AccessionNumberList></DataBank>"
        "<DataBank><DataBankName>GENBANK</DataBankName><AccessionNumberList><AccessionNumber>NCT04000009</AccessionNumber>"
        "</AccessionNumberList></DataBank></DataBankList>"
    )
    entry = one(extra=banks, abstract="<AbstractText>Registered as NCT04000001, an extension of NCT 0400 0002? of NCT04000003.</AbstractText>")
    assert Link("registered-as", "nct", "NCT04000001") in entry.links
    assert Link("mentions", "nct", "NCT04000003") in entry.links
    assert Link("mentions", "nct", "NCT04000001") not in entry.links
    assert not [link for link in entry.links if link.value == "NCT04000009"]
    assert not [key for key in entry.keys if key.scheme == "nct"]


@pytest.mark.parametrize(
    ("ref", "relation"),
    [
        ("RetractionIn", "retracted-by"), ("RetractionOf", "retracts"), ("ErratumIn", "corrected-by"), ("ErratumFor", "corrects"),
        ("ExpressionOfConcernIn", "concern-by"), ("ExpressionOfConcernFor", "concerns"), ("UpdateOf", "version-of"),
    ],
)  # fmt: skip
def test_comments_and_corrections_become_links_by_pmid_and_doi(ref: str, relation: str) -> None:
    said = (
        f'<CommentsCorrectionsList><CommentsCorrections RefType="{ref}"><RefSource>Ann Inv Neurol. 2026;1:2. doi: 10.1000/Other.5.</RefSource>'
        '<PMID Version="1">40000005</PMID></CommentsCorrections>'
        '<CommentsCorrections RefType="Cites"><RefSource>x</RefSource><PMID>1</PMID></CommentsCorrections></CommentsCorrectionsList>'
    )
    assert one(after=said).links == (Link(relation, "pmid", "40000005"), Link(relation, "doi", "10.1000/other.5"))


def test_a_preprint_with_a_newer_version_is_published() -> None:
    said = '<CommentsCorrectionsList><CommentsCorrections RefType="UpdateIn"><RefSource>J</RefSource><PMID>40000006</PMID></CommentsCorrections></CommentsCorrectionsList>'
    assert one(types=("Preprint",), after=said).links == (Link("published-as", "pmid", "40000006"),)
    assert one(types=("Systematic Review",), after=said).links == (Link("version-of", "pmid", "40000006"),)


@pytest.mark.parametrize(
    ("types", "kind"),
    [
        (("Journal Article", "Retracted Publication"), Kind.PAPER), (("Retraction of Publication",), Kind.NOTICE),
        (("Published Erratum",), Kind.NOTICE), (("Expression of Concern",), Kind.NOTICE), (("Preprint",), Kind.PREPRINT), (("News",), Kind.NEWS),
    ],
)  # fmt: skip
def test_publication_types_say_what_the_work_is(types: tuple[str, ...], kind: Kind) -> None:
    assert one(types=types).content.kind is kind


@pytest.mark.parametrize(
    ("dates", "article_date", "found"),
    [
        ("<PubDate><Year>2027</Year><Month>Jan</Month></PubDate>", "<ArticleDate><Year>2026</Year><Month>05</Month><Day>02</Day></ArticleDate>", PartialDate(2026, 5, 2)),
        ("<PubDate><Year>2026</Year><Month>06</Month><Day>3</Day></PubDate>", "", PartialDate(2026, 6, 3)),
        ("<PubDate><MedlineDate>2025 Nov-Dec</MedlineDate></PubDate>", "", PartialDate(2025, 11)),
        ("<PubDate><MedlineDate>2025-2026</MedlineDate></PubDate>", "", PartialDate(2025)),
        ("<PubDate><Year>2026</Year><Season>Spring</Season></PubDate>", "", PartialDate(2026, 3)),
        ("<PubDate><Year>2026</Year><Month>Feb</Month><Day>31</Day></PubDate>", "", None),
        ("<PubDate/>", "", None),
        ("<PubDate><Year>2026</Year></PubDate>", "<ArticleDate><Year>2026</Year><Month>05</Month><Day>02</Day></ArticleDate>", PartialDate(2026, 5, 2)),
        ("<PubDate><Year>2026</Year><Month>Mar</Month></PubDate>", "<ArticleDate><Year>2026</Year><Month>05</Month><Day>02</Day></ArticleDate>", PartialDate(2026, 3)),
    ],
)
def test_dates_are_as_precise_as_given_and_the_earliest_wins(dates: str, article_date: str, found: PartialDate | None) -> None:
    assert one(dates=dates, article_date=article_date).content.published == found


def test_the_day_of_entry_counts_where_an_issue_names_only_its_year() -> None:
    history = '<History><PubMedPubDate PubStatus="entrez"><Year>2026</Year><Month>5</Month><Day>3</Day></PubMedPubDate></History>'
    bare = "<PubDate><Year>{}</Year></PubDate>"
    for year, found in ((2026, PartialDate(2026, 5, 3)), (1990, PartialDate(1990))):
        text = article(dates=bare.format(year)).replace("<PubmedData>", f"<PubmedData>{history}")
        assert read(text)[0].content.published == found


def test_a_translated_title_loses_its_brackets() -> None:
    assert one(title="[Walking and weather].").content.title == "Walking and weather"
    assert one(title="[18F]tracer uptake in myelitis.").content.title == "[18F]tracer uptake in myelitis."


def test_an_abstract_that_pubmed_cut_is_a_teaser() -> None:
    content = one(abstract="<AbstractText>We saw that (ABSTRACT TRUNCATED AT 250 WORDS)</AbstractText>").content
    assert (content.text, content.truncated) == ("We saw that", True)


def test_a_book_chapter_is_read() -> None:
    book = (
        '<PubmedBookArticle><BookDocument><PMID Version="1">39000001</PMID><ArticleIdList><ArticleId IdType="doi">10.1000/book</ArticleId></ArticleIdList>'
        "<Book><BookTitle>Invented Reviews</BookTitle><PubDate><Year>2026</Year></PubDate></Book><ArticleTitle>A rare ataxia</ArticleTitle>"
        '<AuthorList><Author><LastName>Ulm</LastName><Initials>C</Initials></Author></AuthorList><PublicationType UI="D016454">Review</PublicationType>'
        "<Abstract><AbstractText>About ataxia.</AbstractText></Abstract></BookDocument></PubmedBookArticle>"
    )
    (entry,) = read(book)
    assert (entry.locator, entry.content.title, entry.content.venue) == ("39000001", "A rare ataxia", "Invented Reviews")
    assert entry.keys == (Key("pmid", "39000001"), Key("doi", "10.1000/book"))
    assert (entry.content.published, entry.content.authors, entry.content.publication_types) == (PartialDate(2026), ("Ulm C",), ("Review",))


def test_the_raw_hash_follows_the_record_and_not_its_neighbours() -> None:
    alone, beside = read(article("5")), read(article("4"), "\n\n", article("5"))
    assert alone[0].raw_hash == beside[1].raw_hash
    assert read(article("5", title="Another."))[0].raw_hash != alone[0].raw_hash


@pytest.mark.parametrize(
    "body",
    [
        b"", b"  \n", b"<html><body>Service unavailable</body></html>", b"Error: timeout", b"<PubmedArticleSet><PubmedArticle>",
        b"<eFetchResult><ERROR>Unable to obtain query #1</ERROR></eFetchResult>", b"<PubmedArticleSet><PubmedArticle/></PubmedArticleSet>",
    ],
)  # fmt: skip
def test_anything_else_is_a_read_error(body: bytes) -> None:
    with pytest.raises(ReadError):
        medline.entries(Document(url="https://eutils.example/", body=body))


def test_the_error_inside_an_answer_is_told() -> None:
    with pytest.raises(ReadError, match="Unable to obtain"):
        medline.entries(Document(url="u", body=b"<eFetchResult><ERROR>Unable to obtain query #1</ERROR></eFetchResult>"))


def test_an_entity_bomb_stays_small() -> None:
    bomb = b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c SYSTEM "file:///etc/passwd">]>'
    body = bomb + f"<PubmedArticleSet>{article(title='&b;&c; end')}</PubmedArticleSet>".encode()
    (entry,) = medline.entries(Document(url="u", body=body))
    assert entry.content.title == "end"


def test_the_rate_limit_inside_a_200_is_a_throttle_and_names_no_key() -> None:
    body = b'{"error":"API rate limit exceeded","api-key":"SECRETKEY1","count":"4","limit":"3"}'
    with pytest.raises(FetchError) as caught:
        medline.entries(Document(url="u", body=body))
    assert caught.value.throttled
    assert "SECRETKEY1" not in str(caught.value)
