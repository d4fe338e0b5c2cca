"""`r1 serve` with the model that ships, on a free port of this machine, for the tests of this folder."""

import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import threading
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = os.environ.get("R1", str(ROOT / "build/release/r1"))
QUESTION = [{"role": "user", "content": "What is 3 + 4?"}]
PATIENCE = 120  # seconds for what must happen, however slow the machine is


def until(holds, what):
    """Waits until holds() is true. A test's result does not depend on how long that takes."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {PATIENCE} s")
        time.sleep(0.01)


class Server:
    """`before` is a command that runs the server, such as strace with its flags."""

    def __init__(self, *flags, key=None, before=()):
        environment = {name: value for name, value in os.environ.items() if name != "R1_API_KEY"}
        if key:
            environment["R1_API_KEY"] = key
        command = [*before, PROGRAM, "serve", "-m", "nano", "--port", "0",
                   "--metrics", "--log-format", "none", *flags]
        self.process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                        text=True)
        first = self.process.stderr.readline()
        self.errors = [first]
        found = re.search(r"http://127\.0\.0\.1:(\d+)", first)
        if not found:
            self.process.kill()
            raise AssertionError(f"{' '.join(command)}: {first}{self.process.stderr.read()}")
        self.port = int(found.group(1))
        self.url = f"http://127.0.0.1:{self.port}"
        self.key = key
        self.pid = self.process.pid
        if before:  # the server is its child
            self.pid = int(pathlib.Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()[0])
        self._reader = threading.Thread(target=lambda: self.errors.extend(self.process.stderr), daemon=True)
        self._reader.start()
        until(self._answers, "the model is loaded")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        """Ends the server as people do; it must end well."""
        os.kill(self.pid, signal.SIGTERM)
        code = self.process.wait(timeout=PATIENCE)
        self._reader.join()
        self.process.stderr.close()
        assert code == 0, f"r1 serve ended with {code}: {''.join(self.errors)}"

    def _answers(self):
        assert self.process.poll() is None, "".join(self.errors)
        try:
            return self.get("/health")["status"] == "ok"
        except OSError:
            return False

    def get(self, path):
        request = urllib.request.Request(self.url + path)
        if self.key:
            request.add_header("Authorization", f"Bearer {self.key}")
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return json.load(answer)

    def post(self, path, body):
        """The answer to one request as (status, object)."""
        with self.connect() as connection:
            connection.sendall(request_text(path, body))
            return read_answer(connection)

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)

    def until_idle(self):
        def idle():
            state = self.get("/props")
            return state["running"] == 0 and state["queued"] == 0

        until(idle, "no sequence runs or waits")

    def resident_bytes(self):
        with open(f"/proc/{self.pid}/status") as status:
            return 1024 * int(re.search(r"VmRSS:\s+(\d+) kB", status.read()).group(1))


def request_text(path, body, fields=()):
    """A POST as bytes; `body` is bytes, or a value that is sent as JSON."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    head = [f"POST {path} HTTP/1.1", "Host: localhost", "Content-Type: application/json",
            f"Content-Length: {len(data)}", *fields]
    return "\r\n".join([*head, "", ""]).encode() + data


def read_answer(connection):
    """One answer with Content-Length as (status, object); (0, None) if the connection ends before its head."""
    with connection.makefile("rb") as stream:
        line = stream.readline()
        if not line:
            return 0, None
        length = 0
        while (field := stream.readline().strip()):
            name, _, value = field.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        return int(line.split()[1]), json.loads(stream.read(length) or b"null")
