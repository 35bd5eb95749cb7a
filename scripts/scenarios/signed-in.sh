# Sourced before a page that starts signed in: TOKEN is an admin's access token, wait_for waits for a job.
TOKEN=$(
    curl -sf "$BASE_URL/api/v1/auth/login" -H 'Content-Type: application/json' \
        -d '{"name": "ada", "password": "correct horse battery"}' |
        python3 -c 'import json, sys; print(json.load(sys.stdin)["access_token"])'
)
export TOKEN

# wait_for <job id> <status>: returns when the job has the status; fails after 20 seconds, or when it ended otherwise.
wait_for() {
    local now='' tries
    for tries in $(seq 200); do
        now=$(curl -sf "$BASE_URL/api/v1/jobs/$1/progress" | python3 -c 'import json, sys; print(json.load(sys.stdin)["status"])')
        case $now in
            "$2") return 0 ;;
            completed | failed | cancelled) break ;;
        esac
        sleep 0.1
    done
    echo "job $1 is $now, not $2, after $tries looks" >&2
    return 1
}
export -f wait_for
