"""Mark the type and rare statuses of jobs among their words, so that both are found together."""

from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_MARKED = "'paused', 'failed', 'cancelled'"

_MARKS = f"""
    found := job_words(NEW.id, told, NEW.error_log) || array_to_tsvector(ARRAY['=' || NEW.type]);
    IF NEW.status IN ({_MARKED}) THEN
        found := found || array_to_tsvector(ARRAY['=' || NEW.status]);
    END IF;"""

_PLAIN = """
    found := job_words(NEW.id, told, NEW.error_log);"""

_KEEP_TEXT = """
CREATE OR REPLACE FUNCTION keep_job_text() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    told jsonb := NEW.data;
    member text;
    found tsvector;
BEGIN
    -- Who may not see a value may not find it out by searching either.
    FOREACH member IN ARRAY NEW.sensitive LOOP
        told := told #- string_to_array(member, '.');
    END LOOP;{found}
    INSERT INTO job_texts (job_id, created_at, words) VALUES (NEW.id, NEW.created_at, found)
    ON CONFLICT (job_id) DO UPDATE SET created_at = EXCLUDED.created_at, words = EXCLUDED.words
    WHERE (job_texts.created_at, job_texts.words) IS DISTINCT FROM (EXCLUDED.created_at, EXCLUDED.words);
    RETURN NULL;
END
$$"""

_TRIGGER = f"""
CREATE TRIGGER keep_job_marks AFTER UPDATE OF status ON jobs FOR EACH ROW
WHEN (OLD.status <> NEW.status AND (OLD.status IN ({_MARKED}) OR NEW.status IN ({_MARKED})))
EXECUTE FUNCTION keep_job_text()"""


def _rewrite(words: str) -> None:
    """Write the words of every job anew; their index is made afterwards, which is many times faster."""
    op.drop_index("ix_job_texts_words", "job_texts")
    op.execute(f"UPDATE job_texts SET words = {words} FROM jobs WHERE jobs.id = job_id")  # noqa: S608 (its own constants)
    op.create_index("ix_job_texts_words", "job_texts", ["words"], postgresql_using="gin")


def upgrade() -> None:
    """Apply this revision."""
    op.get_bind().exec_driver_sql(_KEEP_TEXT.replace("{found}", _MARKS))
    op.get_bind().exec_driver_sql(_TRIGGER)
    status = f"CASE WHEN status IN ({_MARKED}) THEN ARRAY['=' || status] ELSE '{{}}' END"
    _rewrite(f"words || array_to_tsvector(ARRAY['=' || type] || {status})")


def downgrade() -> None:
    """Take this revision back."""
    op.execute("DROP TRIGGER keep_job_marks ON jobs")
    op.get_bind().exec_driver_sql(_KEEP_TEXT.replace("{found}", _PLAIN))
    _rewrite("ts_delete(words, ARRAY['=' || type, '=paused', '=failed', '=cancelled'])")
