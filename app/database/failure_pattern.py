"""What failures have in common: the newest error without what differs from job to job.

The database reckons it, so that every failed job has a fingerprint, whoever wrote its row.
"""

#: In turn: quoted values, addresses and paths, words with a digit (numbers, ids, times), and what is left of lists.
#: It uses nothing but what comes with PostgreSQL, so that a backup of a column made with it can be restored.
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

#: The fingerprint of a failed job; all other jobs have none.
FINGERPRINT = "CASE WHEN status = 'failed' THEN left(md5(type || ' ' || failure_pattern(error_log)), 16) END"
