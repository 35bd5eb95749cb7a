# The rows of jobs are gone while their checkpoints are there, as after a restore of an older backup of the database.
file=$(
    curl -sf "$BASE_URL/api/v1/files" -H "Authorization: Bearer $TOKEN" -H 'Content-Type: text/csv' \
        --data-binary @docs/samples/households.csv | python3 -c 'import json, sys; print(json.load(sys.stdin)["id"])'
)
JOB=$(
    curl -sf "$BASE_URL/api/v1/jobs" -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' \
        -d '{"type": "import_voters", "data": {"file_id": "'"$file"'"}}' |
        python3 -c 'import json, sys; print(json.load(sys.stdin)["id"])'
)
wait_for "$JOB" completed
.venv/bin/python -c "
import psycopg
with psycopg.connect('host=$DATA_DIR/postgres user=postgres dbname=postgres') as database:
    database.execute('DELETE FROM jobs')
"
test -d "$DATA_DIR/checkpoints/$JOB"
