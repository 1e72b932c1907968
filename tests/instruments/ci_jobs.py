"""A CI job run here: a template's own shell steps in order, as the runner of GitHub or GitLab starts them."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import yaml

from .projects import environment


def github_steps(project: Path) -> list[tuple[str, bool]]:
    """(shell, whether it always runs) of each step of the laid-down workflow that is a shell's."""
    job = yaml.safe_load((project / ".github/workflows/evalplat.yml").read_text(encoding="utf-8"))["jobs"]["gate"]
    return [(step["run"], step.get("if") == "always()") for step in job["steps"] if "run" in step]


def gitlab_steps(project: Path) -> list[tuple[str, bool]]:
    """The same of GitLab's job, whose lines are one shell's."""
    job = yaml.safe_load((project / ".gitlab/evalplat.yml").read_text(encoding="utf-8"))[".evalplat"]
    return [("\n".join(job["script"]), False)]


def gitlab_variables(project: Path) -> dict[str, str]:
    """What the two GitLab files set."""
    include = yaml.safe_load((project / ".gitlab-ci.yml").read_text(encoding="utf-8"))["evalplat"]["variables"]
    return yaml.safe_load((project / ".gitlab/evalplat.yml").read_text())[".evalplat"]["variables"] | include


@dataclass(frozen=True)
class Job:
    """How a job ended: the code of the first step that failed, else 0."""

    code: int
    log: str


def run_job(steps: list[tuple[str, bool]], folder: Path, **variables: str) -> Job:
    """Each step by `bash -eo pipefail`, as the runners do; after a failure only those that always run."""
    code, log = 0, ""
    for shell, always in steps:
        if code and not always:
            continue
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", shell],
            cwd=folder,
            env=environment(EVALPLAT_INSTALL="evalplat --version", **variables),
            capture_output=True,
            text=True,
            timeout=240,
        )
        log += done.stdout + done.stderr
        code = code or done.returncode
    return Job(code, log)


def git(folder: Path, *args: str) -> str:
    """Git with a name and no configuration of this machine."""
    who = ["-c", "user.name=test", "-c", "user.email=test@example.org", "-c", "init.defaultBranch=main"]
    env = environment(GIT_CONFIG_GLOBAL="/dev/null", GIT_CONFIG_SYSTEM="/dev/null")
    done = subprocess.run(["git", *who, *args], cwd=folder, env=env, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@dataclass
class Comments:
    """The comments of one pull request, as a forge's API keeps them. `refuses` answers 403."""

    url: str = ""
    bodies: dict[int, str] = field(default_factory=dict)
    tokens: set[str] = field(default_factory=set)
    refuses: bool = False


@contextmanager
def forge() -> Iterator[Comments]:
    """A forge on loopback with the comments of GitHub's and GitLab's API: listed, made, changed."""
    kept = Comments()

    class Api(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            kept.tokens.add(self.headers.get("Authorization") or self.headers.get("PRIVATE-TOKEN") or "")
            sent = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            answer: Any = {}
            if self.command == "GET":
                answer = [{"id": number, "body": body} for number, body in kept.bodies.items()]
            elif not kept.refuses:
                number = len(kept.bodies) + 1 if self.command == "POST" else int(self.path.rsplit("/", 1)[1])
                kept.bodies[number] = json.loads(sent)["body"]
            payload = json.dumps(answer).encode()
            self.send_response(403 if kept.refuses and self.command != "GET" else 200)
            self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            self.wfile.write(payload)

        do_GET = do_POST = do_PATCH = do_PUT = _answer  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Nothing on standard error."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Api)
    kept.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield kept
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
