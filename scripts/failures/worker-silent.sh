# Of two worker processes, the one that has the import dies without a word, as with its machine.
.venv/bin/jobs worker --count 1 2>worker-1.log &
.venv/bin/jobs worker --count 1 2>worker-2.log &
alive() {
    curl -s "$BASE_URL/api/v1/admin/jobs/redis-status" -H "Authorization: Bearer $TOKEN" | grep -o '"pid"' | grep -c pid
}
until [ "$(alive)" = 2 ]; do sleep 0.1; done
long_import
holder=$(
    curl -s "$BASE_URL/api/v1/jobs/$JOB" -H "Authorization: Bearer $TOKEN" |
        python3 -c 'import json, sys; print(json.load(sys.stdin)["worker_id"].split("-")[-2])'
)
kill -KILL "$holder"
until [ "$(alive)" = 1 ]; do sleep 0.1; done
