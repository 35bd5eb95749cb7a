"""Reading voter files: every kind of bad input has one clear outcome."""

import csv
import io
import tracemalloc
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.households.columns import COLUMNS
from app.households.voter_file import MAX_LINE_BYTES, Encoding, Header, VoterFile, VoterFileError

HEADER = b"voter_id,first_name,last_name,birth_year,street,city,state,zip\n"
GOOD = b"V1,Ada,Nguyen,1984,12 Main Street,Columbus,OH,43210\n"


@pytest.fixture
def make(tmp_path):
    def made(content: bytes, encoding: Encoding | None = None) -> VoterFile:
        path = tmp_path / "voters.csv"
        path.write_bytes(content)
        return VoterFile(path, encoding)

    return made


def read_all(file: VoterFile, rows: int = 500):
    """Read in batches of ``rows``; return header, voters and bad rows, and check that counting agrees."""
    header = file.header()
    voters, bad_rows, place = [], [], header.end
    while (batch := file.read(header, place, rows=rows)).end != place:
        voters += batch.voters
        bad_rows += batch.bad_rows
        place = batch.end
    counted, end = file.count(header.end, lines=10**9)
    assert (counted, end) == (len(voters) + len(bad_rows), place)
    return header, voters, bad_rows


def row(**values: str) -> bytes:
    values = {column.name: column.example for column in COLUMNS} | values
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow([values[column.name] for column in COLUMNS])
    return text.getvalue().encode()


def test_a_good_row(make):
    _, (voter,), bad_rows = read_all(make(HEADER + GOOD))
    assert not bad_rows
    assert (voter.line, voter.voter_id, voter.birth_year) == (2, "V1", 1984)
    assert (voter.address.street, voter.address.city) == ("12 MAIN ST", "COLUMBUS")


def test_the_example_of_every_column_is_good(make):
    assert len(read_all(make(HEADER + row()))[1]) == 1


@pytest.mark.parametrize("name", [column.name for column in COLUMNS if not column.required])
def test_optional_columns_may_be_empty_or_absent(make, name):
    assert len(read_all(make(HEADER + row(**{name: ""})))[1]) == 1
    names = [column.name for column in COLUMNS if column.name != name]
    values = [column.example for column in COLUMNS if column.name != name]
    assert len(read_all(make((",".join(names) + "\n" + ",".join(values) + "\n").encode()))[1]) == 1


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (b"\xef\xbb\xbf" + HEADER + GOOD, None),
        ((HEADER + GOOD).replace(b"\n", b"\r\n"), None),
        ((HEADER + GOOD).rstrip(b"\n"), None),
        (HEADER.upper() + GOOD, None),
        (b"zip,state,city,street,last_name,first_name,voter_id\n43210,OH,Columbus,1 Elm St,Nguyen,Ada,V1\n", None),
        (HEADER + b"\n  \n" + GOOD + b"\n\n", None),
        (HEADER + GOOD.replace(b"Ada", "Zoë".encode()), None),
        (HEADER + GOOD.replace(b"Ada", b"Zo\xeb"), Encoding.CP1252),
        (HEADER + GOOD.replace(b"Ada", b"Zo\xeb"), Encoding.LATIN_1),
        (HEADER + GOOD.replace(b"12 Main Street", b'"12 Main Street, Apt 4"'), None),
    ],
)
def test_variants_that_are_fine(make, content, encoding):
    _, voters, bad_rows = read_all(make(content, encoding))
    assert (len(voters), bad_rows) == (1, [])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "The file is empty"),
        (b"\xef\xbb\xbf", "The file is empty"),
        (b"name;street\n", "is separated by semicolons"),
        (b"voter_id\tstreet\n", "is separated by tabs"),
        (HEADER.replace(b"zip", b"zipcode") + GOOD, "has the unknown column 'zipcode'"),
        (HEADER.replace(b"street,city", b"address"), "lacks columns 'street', 'city'; has the unknown"),
        (HEADER.replace(b"zip", b"zip,zip"), "repeats column 'zip'"),
        (HEADER.replace(b"zip", b'"zip'), "quotation mark that is not closed"),
        (HEADER.replace(b"\n", b"\r") + GOOD.replace(b"\n", b"\r"), "end with CR alone"),
        (b"x" * (MAX_LINE_BYTES + 10) + b"\n", "so it is no header"),
        (b"\n" + HEADER, "lacks columns"),
        ("voter_id".encode("utf-16"), "is UTF-16"),
        (b"PK\x03\x04rest", "an Excel workbook"),
        (b"\x1f\x8b\x08", "compressed with gzip"),
        (b"%PDF-1.7", "a PDF document"),
        (b"a" * 50 + b",b,c\n", f"'{'a' * 30}…'"),
    ],
)
def test_files_that_are_refused_as_a_whole(make, content, message):
    with pytest.raises(VoterFileError, match=message.replace("(", r"\(")):
        make(content).header()


def test_a_mark_of_utf_8_contradicts_another_encoding(make):
    with pytest.raises(VoterFileError, match="encoding cp1252"):
        make(b"\xef\xbb\xbf" + HEADER, Encoding.CP1252).header()


BAD_ROWS = [
    (row(birth_year="19x4"), "birth_year is no year from 1880 to 2099"),
    (row(birth_year="84"), "birth_year is no year"),
    (row(zip="2139"), "zip has 4 digits instead of 5; a spreadsheet has dropped the leading zero"),
    (row(zip="4321O"), "zip is no ZIP code"),
    (row(zip="٤٣٢١٠"), "zip is no ZIP code"),
    (row(state="Oh!"), "state has 3 characters, more than 2"),
    (row(state="XX"), "state is no state code"),
    (row(last_name=" "), "last_name is empty"),
    (row(street="...", city="--"), "street has neither letters nor digits; city has neither"),
    (row(first_name="x" * 81), "first_name has 81 characters, more than 80"),
    (row(first_name="Ada\x00"), "first_name holds the control character U\\+0000"),
    (row(first_name="A\tda"), "first_name holds the control character U\\+0009"),
    (GOOD.replace(b"Ada", b"Zo\xeb"), "first_name holds the byte 0xEB, which is no utf-8; if the whole file"),
    (GOOD.replace(b"Ada", b"\xed\xa0\x80"), "first_name holds the byte 0xED"),
    (GOOD.replace(b"Ada", b'"Ada'), "the row has a quotation mark that is not closed on the same line"),
    (GOOD.replace(b"Ada", b'"Ada"x'), "the row has text after a closing quotation mark"),
    (GOOD.replace(b"Ada", b"A\rda"), "the row is no CSV|first_name holds the control character"),
    (GOOD.replace(b",OH", b""), "the row has 7 values, the header 8 columns"),
    (GOOD.replace(b"OH", b"OH,x"), "the row has 9 values, the header 8 columns"),
    (row(first_name="x" * 1_000_000), "the row has more than 65,536 bytes"),
    (b'"' + b"x" * 1_000_000 + b"\n", "the row has more than 65,536 bytes"),
    (row(first_name="x" * 60_000), "first_name has 60,000 characters"),
    (b",,,,,,,\n", "voter_id is empty; first_name is empty"),
]


@pytest.mark.parametrize(("bad", "message"), BAD_ROWS)
def test_a_bad_row_is_reported_with_its_line_and_the_next_one_is_good(make, bad, message):
    _, voters, (bad_row,) = read_all(make(HEADER + GOOD + bad + GOOD))
    assert [voter.line for voter in voters] == [2, 4]
    assert bad_row.line == 3
    with pytest.raises(AssertionError, match=f"^({message})"):
        raise AssertionError(bad_row.message)


def test_all_bad_rows_together_in_batches_of_every_size(make):
    file = make(HEADER + b"".join(bad + GOOD for bad, _ in BAD_ROWS))
    whole = read_all(file)
    assert len(whole[2]) == len(BAD_ROWS)
    for rows in (1, 2, 3, 7):
        assert read_all(file, rows) == whole


def test_messages_do_not_repeat_what_may_be_personal(make):
    shifted = b"V1,Ada,Nguyen,Secret,Secret,--,Secret,Secret\n"
    _, _, (bad_row,) = read_all(make(HEADER + shifted))
    assert "Secret" not in bad_row.message


def test_a_file_without_line_ends_does_not_fill_the_memory(make, tmp_path):
    file = make(HEADER + GOOD)
    with (tmp_path / "voters.csv").open("ab") as stream:
        for _ in range(64):
            stream.write(b"x" * 1_048_576)
    tracemalloc.start()
    try:
        _, voters, bad_rows = read_all(file)
        assert tracemalloc.get_traced_memory()[1] < 4 * 1_048_576
    finally:
        tracemalloc.stop()
    assert (len(voters), [found.line for found in bad_rows]) == (1, [3])


@given(body=st.one_of(st.binary(max_size=400), st.text(alphabet='V1,"\r\n\x00aé ', max_size=200).map(str.encode)))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_under_a_good_header_are_rows_or_bad_rows(make, body):
    file = make(HEADER + body)
    _, voters, bad_rows = read_all(file, rows=3)
    lines = [line for line in body.split(b"\n") if line.strip()]
    assert len(voters) + len(bad_rows) == len(lines)
    numbers = sorted([voter.line for voter in voters] + [bad.line for bad in bad_rows])
    assert len(set(numbers)) == len(numbers)


@given(content=st.binary(max_size=300))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_file_has_a_header_or_is_refused(make, content):
    with suppress(VoterFileError):
        assert isinstance(make(content).header(), Header)


VALUES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=30).filter(
    lambda text: text.strip() and any(map(str.isalnum, text))
)


@given(names=st.lists(VALUES, min_size=1, max_size=5))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_a_csv_writer_wrote_is_read_back(make, names):
    rows = b"".join(row(first_name=name, voter_id=f"V{number}") for number, name in enumerate(names))
    _, voters, bad_rows = read_all(make(HEADER + rows))
    assert not bad_rows
    assert [voter.first_name for voter in voters] == [name.strip() for name in names]
