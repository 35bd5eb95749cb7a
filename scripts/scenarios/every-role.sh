# Sourced before the contract test: TOKEN, OPERATOR_TOKEN and VIEWER_TOKEN are access tokens of users of each role.
. "$(dirname "${BASH_SOURCE[0]}")/signed-in.sh"

# new_user <role>: makes a user of the role, and prints a token of its own.
new_user() {
    local user="{\"name\": \"some-$1\", \"password\": \"correct horse battery\"}"
    curl -sf "$BASE_URL/api/v1/users" -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' \
        -d "${user%\}}, \"role\": \"$1\"}" >/dev/null
    curl -sf "$BASE_URL/api/v1/auth/login" -H 'Content-Type: application/json' -d "$user" |
        python3 -c 'import json, sys; print(json.load(sys.stdin)["access_token"])'
}
OPERATOR_TOKEN=$(new_user operator)
VIEWER_TOKEN=$(new_user viewer)
export OPERATOR_TOKEN VIEWER_TOKEN
