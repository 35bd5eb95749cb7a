# No process with workers is alive.
# The service itself was started with WORKER_COUNT=0.
until curl -s "$BASE_URL/api/health" | grep -q '"no_worker"'; do sleep 0.1; done
