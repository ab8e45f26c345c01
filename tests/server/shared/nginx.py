"""A plain nginx, as docs/nginx.conf has it, before several web processes."""

from __future__ import annotations

import getpass
import os
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from scripts.rehearsal.node import HOUSE

NGINX = shutil.which("nginx") or "/usr/sbin/nginx"
needs_nginx = pytest.mark.skipif(not Path(NGINX).exists(), reason="nginx is not installed: apt-get install nginx-light")


class Balancer:
    """Its `origin` takes requests from the beginning: they wait at the socket until nginx runs (`started`)."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=64)
        self._port = self._listening.getsockname()[1]
        self.origin = f"http://127.0.0.1:{self._port}"

    @contextmanager
    def started(self, ports: Sequence[int]) -> Iterator[None]:
        """Before the processes at these ports; ended with the block."""
        self._folder.mkdir()
        listening = self._listening.fileno()
        nginx = subprocess.Popen(
            [NGINX, "-c", str(self._configured(ports)), "-p", str(self._folder)],
            env={**os.environ, "NGINX": f"{listening};"},  # a socket that it inherits, as from its former self
            pass_fds=(listening,),
            stderr=subprocess.DEVNULL,
        )
        try:
            yield
        finally:
            nginx.terminate()
            nginx.wait(5)
            self._listening.close()

    def _configured(self, ports: Sequence[int]) -> Path:
        """The example, with these processes, without TLS, and with all that it writes in the folder."""
        text = (HOUSE / "docs" / "nginx.conf").read_text()
        servers = "\n".join(f"server 127.0.0.1:{each} max_fails=1 fail_timeout=2s;" for each in ports)
        text = re.sub(r"server 10\.0\.0\.1:.*\n\s*server 10\.0\.0\.2:.*", servers, text)
        text = re.sub(r"ssl_certificate.*\n", "", text).replace("listen 443 ssl;", f"listen 127.0.0.1:{self._port};")
        kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        places = "".join(f"{kind}_temp_path {self._folder};" for kind in kinds)
        text = text.replace("http {", f"http {{ access_log off; {places}", 1)
        file = self._folder / "nginx.conf"
        user = f"user {getpass.getuser()};"  # who owns the folder: offers are too long for nginx' memory
        place = f"pid {self._folder}/nginx.pid; error_log {self._folder}/error.log;"
        file.write_text(f"{user} {place} daemon off;\n{text}")
        return file
