# Sourced before a page that catches a job at work: long_import [config] starts an import of some seconds, waits until it
# is at work, and leaves its id in JOB.
long_import() {
    local file sample=docs/samples/households.csv n
    head -n 1 $sample >large.csv
    for n in 1 2 3 4; do
        tail -n +2 $sample | sed -E "s/^V/V$n/; s/,([0-9]+ [A-Z])/,$n\1/"
    done >>large.csv
    file=$(send files text/csv @large.csv)
    JOB=$(send jobs application/json '{"type": "import_voters", "data": {"file_id": "'"$file"'"}, "config": '"${1:-{\}}"'}')
    # Ended means: it was too quick to be caught, and what comes next will say so.
    until curl -sf "$BASE_URL/api/v1/jobs/$JOB/progress" | grep -qE '"stage":"validate"|completed'; do :; done
}

# send <path> <content type> <body>: the id of what a POST to the API has made.
send() {
    curl -sf "$BASE_URL/api/v1/$1" -H "Authorization: Bearer $TOKEN" -H "Content-Type: $2" --data-binary "$3" |
        python3 -c 'import json, sys; print(json.load(sys.stdin)["id"])'
}
