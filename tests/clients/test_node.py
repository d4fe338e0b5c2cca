"""Runs openai.test.mjs with Node's own test runner. check-clients tells where Node's packages are."""

import os
import pathlib
import shutil
import subprocess
import unittest

from served import Server

FOLDER = os.environ.get("R1_NODE_FOLDER", "")


@unittest.skipUnless(FOLDER, "R1_NODE_FOLDER names no folder with the packages of package.json")
class NodeTest(unittest.TestCase):
    def test_the_client_of_openai(self):
        # Node looks for packages beside the file that imports them.
        test = shutil.copy(pathlib.Path(__file__).with_name("openai.test.mjs"), FOLDER)
        with Server(key="secret") as server:
            ran = subprocess.run([pathlib.Path(FOLDER) / "node", "--test", "--test-reporter=spec", test], text=True,
                                 env={**os.environ, "R1_URL": server.url, "R1_KEY": "secret"},
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        print(ran.stdout)
        self.assertEqual(ran.returncode, 0)


if __name__ == "__main__":
    unittest.main()
