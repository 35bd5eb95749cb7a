"""The committed sample is what its generator writes."""

import sample_households as generator

from app.households.voter_file import VoterFile


def test_regenerating_gives_the_same_bytes():
    assert generator.OUTPUT.read_bytes() == generator.sample().encode(), "run scripts/sample_households.py"


def test_the_sample_has_as_many_rows_as_its_figures_say():
    file = VoterFile(generator.OUTPUT)
    header = file.header()
    batch = file.read(header, header.end, rows=1_000_000)
    assert batch.rows == generator.COUNTS["rows"]
    assert len({voter.address for voter in batch.voters}) == generator.COUNTS["households"]
    # The fourth rejected row, which repeats a voter, is found when the rows are stored.
    assert len(batch.bad_rows) == generator.COUNTS["rejected"] - 1


def test_another_seed_gives_another_sample_with_the_same_figures():
    other = generator.sample(50, seed=7)
    assert other != generator.sample(50, seed=8)
    assert len(other.splitlines()) == 1 + generator.counts(50)["rows"]
