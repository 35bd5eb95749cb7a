# Sourced before a page that starts the service itself: PORT is a port that nobody listens on, and is read by `jobs serve`.
PORT=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
export PORT
