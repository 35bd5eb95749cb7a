# An uploaded file has been removed from the data folder.
FILE=$(
    curl -sf "$BASE_URL/api/v1/files" -H "Authorization: Bearer $TOKEN" \
        -H 'Content-Type: text/csv' --data-binary @docs/samples/households.csv |
        python3 -c 'import json, sys; print(json.load(sys.stdin)["id"])'
)
find "$DATA_DIR/uploads" -name "*$FILE*" -delete -print | grep -q .
