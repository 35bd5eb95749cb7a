"""From files to blocks, chunks and vectors: the pure part of processing a document."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.documents.chunking import CHUNK_CHARACTERS, chunk
from app.documents.cleaning import clean
from app.documents.decoding import TextEncoding
from app.documents.embedding import embed, similarity, whole
from app.documents.errors import DocumentError
from app.documents.extraction import detect, extract
from app.documents.metadata import describe
from app.documents.model import Block, BlockKind, DocumentFormat, blocks_of, plain
from tests.documents.samples import BAKERY, HARBOUR, LIGHTHOUSE, PAGES, pdf

K = BlockKind


def read(tmp_path, data, *, format=None, encoding=None):
    path = tmp_path / "file"
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return extract(path, format or detect(path.read_bytes()), encoding)


def test_markdown_is_read_with_front_matter_lists_and_tables(tmp_path):
    found = read(tmp_path, LIGHTHOUSE)
    assert found.declared == {
        "title": "On lighthouses", "authors": ["Ada Byron"], "date": "2026-03-02", "tags": ["sea", "light"],
    }  # fmt: skip
    assert [(block.kind, block.level, block.text[:20]) for block in found.blocks] == [
        (K.HEADING, 1, "Lighthouses"), (K.TEXT, 0, "A lighthouse stands "), (K.HEADING, 2, "The lamp"),
        (K.TEXT, 0, "The lamp burns oil f"), (K.ITEM, 0, "The lens turns slowl"), (K.ITEM, 0, "The shutter makes th"),
        (K.TABLE, 0, "Tower | Height"), (K.TABLE, 0, "North | forty steps"), (K.HEADING, 2, "The keeper"),
        (K.TEXT, 0, "The keeper of the li"),
    ]  # fmt: skip
    assert "*" not in found.blocks[1].text


def test_html_is_read_without_what_surrounds_it(tmp_path):
    found = read(tmp_path, HARBOUR)
    assert detect(HARBOUR.encode()) is DocumentFormat.HTML
    assert found.declared == {"title": "Harbours", "authors": ["Grace Murray"], "language": "en"}
    assert [(block.kind, block.text) for block in found.blocks] == [
        (K.HEADING, "Harbours"),
        (K.TEXT, "A harbour has a lighthouse. Its lamp shows ships the harbour in the storm."),
        (K.ITEM, "The keeper writes each ship into the book."),
        (K.TABLE, "Tower | Height"),
        (K.TABLE, "North | forty steps"),
        (K.CODE, "flash\n  dark"),
    ]


def test_pages_of_a_pdf_become_paragraphs_without_running_heads(tmp_path):
    found = read(tmp_path, pdf(PAGES))
    assert (found.pages, found.declared) == (4, {"title": "Annals"})
    assert [(block.page, block.text) for block in clean(found.blocks)] == [
        (number, f"The oven of page {word} is heated before the dough is kneaded, and the bakery smells of yeast.")
        for number, word in enumerate(("one", "two", "three", "four"), 1)
    ]


@pytest.mark.parametrize(
    ("data", "options", "says"),
    [
        (b" \n", {}, "The file is empty"),
        (b"PK\x03\x04rest", {}, "office document"),
        (b"text\x00text", {}, "binary data"),
        ("caf\u00e9".encode("latin-1"), {}, "not in utf-8: byte 4, in line 1"),
        (b"<html><head><meta charset=ascii></head><body>caf\xe9</body></html>", {}, "encoding is ascii, and it is not"),
        (b"<html><head><meta charset=klingon></head><body>x</body></html>", {}, "encoding is klingon"),
        (b"<html><head><title>x</title></head><body><script>x</script></body></html>", {}, "holds no text"),
        (b"---\ntitle: [\n---\ntext", {}, "front matter is no YAML in line"),
        (b"no pdf", {"format": DocumentFormat.PDF}, "is no PDF"),
        (pdf(PAGES)[:200], {}, "The PDF is broken"),
        (pdf(PAGES, password="secret"), {}, "is encrypted"),
        (pdf([[]]), {}, "text recognition"),
    ],
    ids=["empty", "office", "binary", "encoding", "declared", "charset", "no-text", "front-matter", "no-pdf",
         "broken-pdf", "encrypted-pdf", "scan"],
)  # fmt: skip
def test_what_cannot_be_read_is_said_with_the_way_out(tmp_path, data, options, says):
    with pytest.raises(DocumentError, match=says):
        read(tmp_path, data, **options)


def test_files_in_other_encodings_are_read_when_these_are_named(tmp_path):
    assert read(tmp_path, b"caf\xe9", encoding=TextEncoding.LATIN_1).blocks[0].text == "caf\u00e9"
    declared = b"<html><head><meta charset='iso-8859-1'></head><body><p>caf\xe9</p></body></html>"
    assert read(tmp_path, declared).blocks[0].text == "caf\u00e9"
    assert read(tmp_path, pdf(PAGES, password="")).pages == 4, "a PDF that opens without a password is no secret"


def test_metadata_comes_from_the_file_first(tmp_path):
    found = read(tmp_path, LIGHTHOUSE)
    about = describe(clean(found.blocks), found.declared)
    assert about["title"] == "On lighthouses"
    assert about["keywords"][:3] == ["lamp", "keeper", "lighthouses"]
    assert (about["headings"], about["reading_minutes"], about["words"]) == (3, 1, 76)
    assert describe(clean(read(tmp_path, BAKERY).blocks), {})["title"] == "Bread"


BLOCKS = st.lists(
    st.builds(
        lambda kind, text: Block(kind, text, level=1 + len(text) % 3 if kind is K.HEADING else 0),
        st.sampled_from([K.HEADING, K.TEXT, K.CODE, K.ITEM]),
        st.text(st.sampled_from("ab .\n"), max_size=20).map(lambda text: text * 70),
    ),
    max_size=8,
)


@settings(max_examples=40, deadline=None)
@given(BLOCKS)
def test_chunks_lose_no_word_and_are_never_too_long(blocks):
    cleaned = clean(blocks)
    chunks = chunk(cleaned)
    assert [one.number for one in chunks] == list(range(len(chunks)))
    assert all(0 < len(one.text) <= CHUNK_CHARACTERS for one in chunks)
    letters = "".join("".join(block.text.split()) for block in cleaned if block.kind is not K.HEADING)
    if letters:
        assert "".join("".join(one.text.split()) for one in chunks) == letters
    assert blocks_of(plain(cleaned)) == cleaned
    assert clean(cleaned) == cleaned, "clean text stays as it is"


def test_texts_that_share_words_have_similar_vectors():
    lighthouse, harbour, bakery = embed([LIGHTHOUSE, HARBOUR, BAKERY])
    assert similarity(lighthouse, lighthouse) == pytest.approx(1, abs=1e-4)
    assert similarity(lighthouse, harbour) > 0.3 > 0.1 > abs(similarity(lighthouse, bakery))
    assert whole([lighthouse]) == pytest.approx(lighthouse, abs=1e-5)
    assert embed(["the of and"]) == [[0.0] * len(bakery)]
