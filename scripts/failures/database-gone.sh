# The PostgreSQL server has stopped under the running service.
kill -INT "$(head -n 1 "$DATA_DIR/postgres/postmaster.pid")"
until curl -s "$BASE_URL/api/health" | grep -q '"database_away"'; do sleep 0.1; done
until [ ! -e "$DATA_DIR/postgres/postmaster.pid" ]; do sleep 0.1; done
