"""A tiny service for the tests: parcels that are posted, kept in a file. Standard library only, so it starts at once.

`python parcels.py PORT DATA [--linger] [--broken] [--slow-stop]`
"""

import json
import os
import signal
import subprocess
import sys
import threading
import uuid
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

released = threading.Event()


class Desk(BaseHTTPRequestHandler):
    """`GET` ready, parcels, parcels/ID, flood, env/NAME, headers, stream, release; `POST` parcels."""

    data: Path

    def do_GET(self) -> None:
        kind, _, key = self.path.partition("?")[0].strip("/").partition("/")
        if kind == "ready":
            self.answer(200, {"ready": True})
        elif kind == "env":
            self.answer(200, {key: os.environ.get(key)})
        elif kind == "headers":
            self.answer(200, {name.lower(): value for name, value in self.headers.items()})
        elif kind == "flood":
            self.send_response(200)
            self.end_headers()
            for _ in range(10_000):
                self.wfile.write(b"x" * 10_000)
        elif kind == "stream":
            # A first part at once, the second when somebody has asked for /release.
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.end_headers()
            self.wfile.write(b"data: first\n\n")
            released.wait(10)
            self.wfile.write(b"data: second\n\n")
        elif kind == "release":
            released.set()
            self.answer(200, {})
        elif kind == "parcels":
            parcels = self.parcels()
            if not key:
                self.answer(200, {"items": list(parcels.values()), "total": len(parcels)})
            elif key in parcels:
                self.answer(200, parcels[key])
            else:
                self.answer(404, {"title": "no such parcel"})
        else:
            self.answer(404, {"title": "no such page"})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        parcel = {
            "id": str(uuid.uuid4()),
            "to": body["to"],
            "posted_at": datetime.now(UTC).isoformat(),
            "weight": 12,
            "state": "posted",
        }
        parcels = self.parcels() | {parcel["id"]: parcel}
        (self.data / "parcels.json").write_text(json.dumps(parcels), encoding="utf-8")
        self.answer(201, parcel, {"Location": f"/parcels/{parcel['id']}"})

    def parcels(self) -> dict[str, dict[str, object]]:
        path = self.data / "parcels.json"
        return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}

    def answer(self, status: int, body: object, headers: dict[str, str] | None = None) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        for name, value in ({"Content-Type": "application/json"} | (headers or {})).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        pass


def main() -> None:
    port, data, *options = sys.argv[1:]
    Desk.data = Path(data)
    if "--broken" in options:
        sys.exit("parcels: the shelf fell down")
    if "--linger" in options:
        # A daemon that leaves group and parent, as a database server does.
        subprocess.Popen(["sleep", "600"], cwd=data, start_new_session=True)
    if "--slow-stop" in options:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    (Desk.data / "opened").open("a").write("x")
    server = ThreadingHTTPServer(("127.0.0.1", int(port)), Desk)
    if "--slow-stop" not in options:
        signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    server.serve_forever()


if __name__ == "__main__":
    main()
