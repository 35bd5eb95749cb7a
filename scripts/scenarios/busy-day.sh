# Sourced after checkout and signed-in: a service in the middle of a day. One job type is paused, two schedules tick, and
# the charts have something to show.
call() {
    curl -sf "$BASE_URL/api/v1/$1" -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' -d "$2" >/dev/null
}
call job-types/parse_play/pause '{"reason": "It loops on prologues; a fix is on its way."}'
call schedules '{"name": "nightly-geocoding", "type": "geocode_households", "data": {"mode": "dynamic"},
    "cron": "30 2 * * *", "time_zone": "America/New_York"}'
call schedules '{"name": "unmatched-again", "type": "geocode_households",
    "data": {"mode": "dynamic", "filters": {"status": "unmatched"}}, "cron": "0 6 * * 1", "time_zone": "UTC"}'
.venv/bin/python -c "
import psycopg
with psycopg.connect('host=$DATA_DIR/postgres user=postgres dbname=postgres') as database:
    database.execute('''
        INSERT INTO queue_samples
        SELECT date_trunc('minute', now()) - n * interval '1 minute',
            due, due + 2, least(4, due), 0, 4, due * 2, made, least(8, made + 1),
            CASE WHEN n BETWEEN 150 AND 165 THEN 2 ELSE 0 END, 0, CASE WHEN n BETWEEN 150 AND 180 THEN 1 ELSE 0 END
        FROM generate_series(-60, 900) AS n, LATERAL (SELECT
            CASE WHEN n < 40 THEN 3 ELSE least(30, greatest(2, 18 + 16 * sin(n / 50.0)))::int END AS due,
            CASE WHEN n < 40 THEN 4 ELSE least(9, greatest(2, 6 + 6 * sin(n / 50.0 + 0.5)))::int END AS made) AS shape
        ON CONFLICT (at) DO UPDATE SET (due, pending, processing, slots, created, completed, failed, repeated)
            = (excluded.due, excluded.pending, excluded.processing, excluded.slots, excluded.created,
                excluded.completed, excluded.failed, excluded.repeated)
    ''')
"
