"""Let jobs be found by their words and by their schedule, and count them by status with any filter."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

TEXT_WORDS = """
CREATE FUNCTION text_words(told text) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT coalesce(array_agg(left(word, 64)), '{}')
    FROM string_to_table(regexp_replace(lower(told), '[^[:alnum:]]+', ' ', 'g'), ' ') AS word
    WHERE word <> ''
$$"""

JOB_WORDS = """
CREATE FUNCTION job_words(id uuid, data jsonb, error_log jsonb) RETURNS tsvector LANGUAGE sql IMMUTABLE AS $$
    SELECT array_to_tsvector((text_words(left(whole, 100000)))[1:2000])
    FROM (SELECT string_agg(left(told, 10000), ' ' ORDER BY place) AS whole FROM (
        SELECT 1 AS place, id::text AS told
        UNION ALL
        SELECT 2, value #>> '{}'
        FROM jsonb_path_query(error_log, 'lax $[*].keyvalue() ? (@.key != "at").value', '{}', true) AS value
        UNION ALL
        SELECT 3, value #>> '{}'
        FROM jsonb_path_query(data, 'strict $.** ? (@.type() == "string" || @.type() == "number")') AS value
    ) AS told) AS told
$$"""

WORDS_WANTED = """
CREATE FUNCTION words_wanted(question text) RETURNS tsquery LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT string_agg('''' || word || '''' || CASE WHEN length(word) >= 3 THEN ':*' ELSE '' END,
        ' & ')::tsquery
    FROM unnest((text_words(question))[1:20]) AS word
$$"""

KEEP_TEXT = """
CREATE FUNCTION keep_job_text() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    told jsonb := NEW.data;
    member text;
    found tsvector;
BEGIN
    -- Who may not see a value may not find it out by searching either.
    FOREACH member IN ARRAY NEW.sensitive LOOP
        told := told #- string_to_array(member, '.');
    END LOOP;
    found := job_words(NEW.id, told, NEW.error_log);
    INSERT INTO job_texts (job_id, created_at, words) VALUES (NEW.id, NEW.created_at, found)
    ON CONFLICT (job_id) DO UPDATE SET created_at = EXCLUDED.created_at, words = EXCLUDED.words
    WHERE (job_texts.created_at, job_texts.words) IS DISTINCT FROM (EXCLUDED.created_at, EXCLUDED.words);
    RETURN NULL;
END
$$"""

KEEP_TEXT_TRIGGER = """
CREATE TRIGGER keep_job_text AFTER INSERT OR UPDATE OF data, error_log, sensitive, created_at ON jobs
FOR EACH ROW EXECUTE FUNCTION keep_job_text()"""


def upgrade() -> None:
    """Apply this revision."""
    op.add_column(
        "jobs", sa.Column("sensitive", postgresql.ARRAY(sa.Text()), nullable=False, server_default=sa.text("'{}'"))
    )
    op.execute("UPDATE jobs SET sensitive = '{filters.zip}' WHERE type = 'geocode_households'")
    op.drop_index("ix_jobs_status_created", "jobs")
    op.create_index(
        "ix_jobs_status_created",
        "jobs",
        ["status", sa.text("created_at DESC"), sa.text("id DESC")],
        postgresql_include=["type", "stage", "created_by", "schedule_id"],
    )
    op.create_index(
        "ix_jobs_schedule_created",
        "jobs",
        ["schedule_id", sa.text("created_at DESC"), sa.text("id DESC")],
        postgresql_where=sa.text("schedule_id IS NOT NULL"),
    )
    op.create_table(
        "job_texts",
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("words", postgresql.TSVECTOR(), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_job_texts_job_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("job_id", name=op.f("pk_job_texts")),
    )
    for statement in (TEXT_WORDS, JOB_WORDS, WORDS_WANTED, KEEP_TEXT, KEEP_TEXT_TRIGGER):
        op.get_bind().exec_driver_sql(statement)
    # In the order in which they came, so that the newest lie together.
    op.execute(
        "INSERT INTO job_texts (job_id, created_at, words) "
        "SELECT id, created_at, job_words(id, data #- '{filters,zip}', error_log) FROM jobs ORDER BY created_at"
    )
    op.create_index("ix_job_texts_words", "job_texts", ["words"], postgresql_using="gin")
    op.create_index("ix_job_texts_created", "job_texts", [sa.text("created_at DESC"), sa.text("job_id DESC")])


def downgrade() -> None:
    """Take this revision back."""
    op.execute("DROP TRIGGER keep_job_text ON jobs")
    op.execute("DROP FUNCTION keep_job_text()")
    op.execute("DROP FUNCTION words_wanted(text)")
    op.execute("DROP FUNCTION job_words(uuid, jsonb, jsonb)")
    op.execute("DROP FUNCTION text_words(text)")
    op.drop_table("job_texts")
    op.drop_index("ix_jobs_schedule_created", "jobs")
    op.drop_index("ix_jobs_status_created", "jobs")
    op.create_index("ix_jobs_status_created", "jobs", ["status", sa.text("created_at DESC"), sa.text("id DESC")])
    op.drop_column("jobs", "sensitive")
