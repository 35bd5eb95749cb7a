# The only worker process is frozen in the middle of an import, as on a machine that hangs.
.venv/bin/jobs worker --count 1 2>worker-1.log &
WORKER=$!
long_import
kill -STOP "$WORKER"
lease=$(
    curl -s "$BASE_URL/api/v1/jobs/$JOB" -H "Authorization: Bearer $TOKEN" | python3 -c '
import json, sys
job = json.load(sys.stdin)
if job["status"] != "processing":
    sys.exit("the import was too quick to be caught")
print(job["lock_expires_at"])'
)
until [[ $(date -u +%FT%T) > $lease ]]; do sleep 0.2; done
