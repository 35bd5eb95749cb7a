# The process is killed in the middle of an import that has no attempt left.
long_import '{"max_retries": 0}'
kill -KILL "$SERVICE_PID"
while curl -s "$BASE_URL/api/health/live"; do sleep 0.1; done
