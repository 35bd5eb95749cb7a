# The service cannot write files larger than 64 KiB: the disk is as good as full.
# free_space takes that away again.
limit() {
    python3 -c '
import resource, sys
pid, size = map(int, sys.argv[1:])
hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)[1]
resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, hard))' "$SERVICE_PID" "$1"
}
free_space() { limit -1; }
limit 65536
[ "$(awk '/^Max file size/ { print $4 }' "/proc/$SERVICE_PID/limits")" = 65536 ]
