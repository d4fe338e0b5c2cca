"""The server works where there is no network, and talks to nobody but its clients."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

from served import PATIENCE, QUESTION, Server

# A namespace with a loopback device alone. A user's own namespace lets people who are not root make one.
ALONE = ["unshare", "--net", *([] if os.geteuid() == 0 else ["--map-root-user"])]


def works(command):
    return shutil.which(command[0]) and subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                                       timeout=PATIENCE).returncode == 0


def answer_here(trace):
    """Runs inside the namespace: asks a server that is traced, and ends it."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    assert not pathlib.Path("/proc/net/route").read_text().splitlines()[1:], "there is a route"
    traced = ["strace", "--follow-forks", "-qq", "-e", "trace=%network,close", "-o", trace] if trace else []
    with Server(before=traced) as server:
        status, answer = server.post("/v1/chat/completions", {"messages": QUESTION, "seed": 1})
        assert status == 200 and "7" in answer["choices"][0]["message"]["content"], answer
        assert server.post("/v1/messages", {"messages": QUESTION, "max_tokens": 20})[0] == 200
        assert server.post("/api/chat", {"model": "nano", "messages": QUESTION, "stream": False})[0] == 200
        assert server.get("/v1/models")["data"]


@unittest.skipUnless(works([*ALONE, "ip", "link"]), "unshare --net (util-linux) or ip (iproute2) cannot be used here")
class NetworkTest(unittest.TestCase):
    def test_it_answers_without_a_network_and_talks_to_its_clients_alone(self):
        has_strace = works(["strace", "-o", os.devnull, "true"])
        with tempfile.TemporaryDirectory() as folder:
            trace = str(pathlib.Path(folder) / "trace") if has_strace else ""
            ran = subprocess.run([*ALONE, sys.executable, __file__, trace], text=True, timeout=5 * PATIENCE,
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            self.assertEqual(ran.returncode, 0, ran.stdout)
            if not has_strace:
                self.skipTest("strace is not there: what the server sends was not looked at")
            self.check(pathlib.Path(trace).read_text().splitlines())

    def check(self, lines):
        """Only sockets that accept4 gave are written to, and there is one other socket, which listens."""
        clients, listening = set(), 0
        for line in lines:
            call = re.match(r"\d+ +(\w+)\((\w*)", line)
            result = re.search(r"= (\d+)", line)
            if not call:
                accepted = re.search(r"<\.\.\. accept4? resumed>.* = (\d+)", line)
                clients |= {accepted.group(1)} if accepted else set()
                continue
            name, first = call.groups()
            if name in ("accept", "accept4"):
                clients |= {result.group(1)} if result else set()
            elif name == "close":
                clients.discard(first)
            elif name == "listen":
                listening += 1
            elif name == "socket":
                self.assertIn("AF_INET, SOCK_STREAM", line, "a socket that does not listen for clients")
            elif name in ("sendto", "sendmsg", "sendmmsg"):
                self.assertIn(first, clients, line)
            self.assertNotEqual(name, "connect", line)
        self.assertEqual(listening, 1)


if __name__ == "__main__":
    answer_here(sys.argv[1])
