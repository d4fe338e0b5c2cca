"""The blocks of code in docs/clients.md, run as they stand there, against `r1 serve`."""

import contextlib
import io
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

from served import PATIENCE, PROGRAM, ROOT, Server

PAGE = ROOT / "docs/clients.md"
ADDRESS = "127.0.0.1:8080"  # the server of the page
NODE_FOLDER = os.environ.get("R1_NODE_FOLDER", "")


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)


class PageTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def check(self, language, run):
        """run(text) runs a block and returns what it prints."""
        found = blocks(language)
        self.assertTrue(found, f"{PAGE} has no block of {language}")
        for block in found:
            with self.subTest(block.splitlines()[0]):
                self.assertIn(ADDRESS, block)
                self.assertIn("7", run(block.replace(ADDRESS, f"127.0.0.1:{self.server.port}")))

    def output_of(self, command):
        # The blocks find r1 as a command.
        environment = {**os.environ, "PATH": f"{pathlib.Path(PROGRAM).parent}:{os.environ['PATH']}"}
        environment.pop("R1_API_KEY", None)
        ran = subprocess.run(command, text=True, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, timeout=PATIENCE)
        self.assertEqual(ran.returncode, 0, ran.stderr)
        return ran.stdout

    def test_python(self):
        os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # it would fetch its table of prices

        def run(text):  # in this process, because some packages take long to import
            with contextlib.redirect_stdout(io.StringIO()) as printed:
                exec(compile(text, str(PAGE), "exec"), {})
            return printed.getvalue()

        self.check("python", run)

    def test_shell(self):
        if not shutil.which("curl"):
            self.skipTest("there is no curl")
        self.check("sh", lambda text: self.output_of(["bash", "-c", text]))

    @unittest.skipUnless(NODE_FOLDER, "R1_NODE_FOLDER names no folder with the packages of package.json")
    def test_javascript(self):
        def run(text):
            # Node looks for packages beside the file that imports them.
            with tempfile.NamedTemporaryFile("w", dir=NODE_FOLDER, suffix=".mjs") as file:
                file.write(text)
                file.flush()
                return self.output_of([pathlib.Path(NODE_FOLDER) / "node", file.name])

        self.check("js", run)


if __name__ == "__main__":
    unittest.main()
