"""The databases of the tests: whoever gets one finds it empty."""

import psycopg

from tests.databases import fresh_database


def test_a_database_that_was_used_is_as_good_as_new(postgres):
    with fresh_database(postgres) as first, psycopg.connect(first, autocommit=True) as left_open:
        left_open.execute(
            "INSERT INTO users (id, name, role, password_hash) VALUES (gen_random_uuid(), 'a', 'admin', '')"
        )
        left_open.execute("CREATE TABLE remains (id int)")
    with fresh_database(postgres) as second, psycopg.connect(second) as connection:
        assert second == first
        assert connection.execute("SELECT count(*) FROM users").fetchone() == (0,)
        assert connection.execute("SELECT count(*) FROM alembic_version").fetchone() == (1,)
        assert connection.execute("SELECT to_regclass('remains')").fetchone() == (None,)


def test_a_database_that_lacks_a_table_is_not_used_again(postgres):
    with fresh_database(postgres) as first, psycopg.connect(first, autocommit=True) as connection:
        connection.execute("DROP TABLE job_events")
    with fresh_database(postgres) as second:
        assert second != first
