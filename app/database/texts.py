"""What the search in jobs looks at: the words of each job, kept by the database itself.

The words are in a table of their own, so that the many writes to a running job do not touch their index; only a new
payload or a new entry of the error log does. Rows and questions are cut into words by the same function, so they
always agree.

Marks stand among the words: the type of a job, and its status where that is a rare one. So their index alone answers
what is most often asked together with words; a job that runs well never changes its marks.
"""

from sqlalchemy import DDL, Column, DateTime, ForeignKey, Index, Table, Uuid, event, text
from sqlalchemy.dialects.postgresql import TSVECTOR

from app.database.tables import metadata
from app.jobs.states import Status

#: Characters of one value, and of all values of a job, that are looked at.
VALUE_CHARACTERS, TEXT_CHARACTERS = 10_000, 100_000
#: Words of a job that are kept, and characters of each.
JOB_WORDS, WORD_CHARACTERS = 2_000, 64
#: Words of a question that count.
QUESTION_WORDS = 20
#: Characters from which on a word of a question finds longer words that begin with it.
PREFIX_CHARACTERS = 3

#: The statuses that are marked: those that a job without trouble is never in.
MARKED = (Status.PAUSED, Status.FAILED, Status.CANCELLED)

#: What a mark begins with, and no word does.
MARK = "="

job_texts = Table(
    "job_texts",
    metadata,
    Column("job_id", Uuid, ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("words", TSVECTOR, nullable=False),
    Index("ix_job_texts_words", "words", postgresql_using="gin"),
    # The newest jobs with a frequent word.
    Index("ix_job_texts_created", text("created_at DESC"), text("job_id DESC")),
)

#: Letters and digits in lower case; everything else stands between words.
TEXT_WORDS = f"""
CREATE FUNCTION text_words(told text) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT coalesce(array_agg(left(word, {WORD_CHARACTERS})), '{{}}')
    FROM string_to_table(regexp_replace(lower(told), '[^[:alnum:]]+', ' ', 'g'), ' ') AS word
    WHERE word <> ''
$$"""  # noqa: S608 (its own constants)

#: The words of a job: of its id, its errors, and the values of its payload.
WORDS_OF_JOB = f"""
CREATE FUNCTION job_words(id uuid, data jsonb, error_log jsonb) RETURNS tsvector LANGUAGE sql IMMUTABLE AS $$
    SELECT array_to_tsvector((text_words(left(whole, {TEXT_CHARACTERS})))[1:{JOB_WORDS}])
    FROM (SELECT string_agg(left(told, {VALUE_CHARACTERS}), ' ' ORDER BY place) AS whole FROM (
        SELECT 1 AS place, id::text AS told
        UNION ALL
        SELECT 2, value #>> '{{}}'
        FROM jsonb_path_query(error_log, 'lax $[*].keyvalue() ? (@.key != "at").value', '{{}}', true) AS value
        UNION ALL
        SELECT 3, value #>> '{{}}'
        FROM jsonb_path_query(data, 'strict $.** ? (@.type() == "string" || @.type() == "number")') AS value
    ) AS told) AS told
$$"""  # noqa: S608 (its own constants)

#: What finds the jobs that have all words of a question.
WORDS_WANTED = f"""
CREATE FUNCTION words_wanted(question text) RETURNS tsquery LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT string_agg('''' || word || '''' || CASE WHEN length(word) >= {PREFIX_CHARACTERS} THEN ':*' ELSE '' END,
        ' & ')::tsquery
    FROM unnest((text_words(question))[1:{QUESTION_WORDS}]) AS word
$$"""  # noqa: S608 (its own constants)

_MARKED = ", ".join(f"'{status.value}'" for status in MARKED)

KEEP_TEXT = f"""
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
    found := job_words(NEW.id, told, NEW.error_log) || array_to_tsvector(ARRAY['{MARK}' || NEW.type]);
    IF NEW.status IN ({_MARKED}) THEN
        found := found || array_to_tsvector(ARRAY['{MARK}' || NEW.status]);
    END IF;
    INSERT INTO job_texts (job_id, created_at, words) VALUES (NEW.id, NEW.created_at, found)
    ON CONFLICT (job_id) DO UPDATE SET created_at = EXCLUDED.created_at, words = EXCLUDED.words
    WHERE (job_texts.created_at, job_texts.words) IS DISTINCT FROM (EXCLUDED.created_at, EXCLUDED.words);
    RETURN NULL;
END
$$"""  # noqa: S608 (its own constants)

KEEP_TEXT_TRIGGER = """
CREATE TRIGGER keep_job_text AFTER INSERT OR UPDATE OF data, error_log, sensitive, created_at ON jobs
FOR EACH ROW EXECUTE FUNCTION keep_job_text()"""

KEEP_MARKS_TRIGGER = f"""
CREATE TRIGGER keep_job_marks AFTER UPDATE OF status ON jobs FOR EACH ROW
WHEN (OLD.status <> NEW.status AND (OLD.status IN ({_MARKED}) OR NEW.status IN ({_MARKED})))
EXECUTE FUNCTION keep_job_text()"""

for _statement in (TEXT_WORDS, WORDS_OF_JOB, WORDS_WANTED, KEEP_TEXT, KEEP_TEXT_TRIGGER, KEEP_MARKS_TRIGGER):
    event.listen(job_texts, "after_create", DDL(_statement))  # type: ignore[no-untyped-call]  # so it is declared
