"""Tell which jobs failed alike."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

FAILURE_PATTERN = """
CREATE FUNCTION failure_pattern(error_log jsonb) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $f$
    SELECT coalesce(error_log #>> '{0,code}', '') || ': ' || left(
        regexp_replace(regexp_replace(regexp_replace(regexp_replace(
            left(coalesce(error_log #>> '{0,message}', ''), 2000),
            $q$(?<![[:alnum:]])('[^']*'|"[^"]*"|`[^`]*`|“[^”]*”)$q$, '…', 'g'),
            '[[:alpha:]][[:alnum:]+.-]*://[^[:space:]]+|(?<![[:alnum:]])/[^[:space:],;:)]+', '…', 'g'),
            '[[:alnum:]_.:+-]*[0-9][[:alnum:]_.:+-]*', '…', 'g'),
            '…([[:space:],;]+…)+', '…', 'g'),
        500)
$f$"""


def upgrade() -> None:
    """Apply this revision."""
    op.get_bind().exec_driver_sql(FAILURE_PATTERN)
    fingerprint = "CASE WHEN status = 'failed' THEN left(md5(type || ' ' || failure_pattern(error_log)), 16) END"
    op.add_column("jobs", sa.Column("fingerprint", sa.Text(), sa.Computed(fingerprint, persisted=True), nullable=True))
    op.create_index(
        "ix_jobs_fingerprint",
        "jobs",
        ["fingerprint", sa.text("created_at DESC"), sa.text("id DESC")],
        postgresql_include=["type", "completed_at"],
        postgresql_where=sa.text("fingerprint IS NOT NULL"),
    )


def downgrade() -> None:
    """Take this revision back."""
    op.drop_index("ix_jobs_fingerprint", "jobs")
    op.drop_column("jobs", "fingerprint")
    op.execute("DROP FUNCTION failure_pattern(jsonb)")
