"""The real command: it is ready, it is seen as running, it ends softly, and only then it may be replaced."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

OUR = {name: value for name, value in os.environ.items() if not name.startswith("ALERTS_")}


def alerts(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "alerts", *words], cwd=folder, env=OUR, capture_output=True, text=True, check=False
    )


def ready(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def test_a_service_is_replaced_only_after_it_ended(tmp_path: Path) -> None:
    assert alerts(tmp_path, "db", "backup", "--to", "copies").returncode == 0
    [backup] = (tmp_path / "copies").iterdir()
    restore = ("db", "restore", str(backup), "--replace")
    with socket.create_server(("127.0.0.1", 0)) as here:
        port = here.getsockname()[1]
    command = [sys.executable, "-m", "alerts", "run", "--only", "scheduler,deliver,web", "--port", str(port)]
    with subprocess.Popen(command, cwd=tmp_path, env=OUR, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as service:
        end = time.monotonic() + 60
        while not ready(port):
            assert service.poll() is None
            assert time.monotonic() < end
        refused = alerts(tmp_path, *restore)
        shown = alerts(tmp_path, "status").stdout
        service.send_signal(signal.SIGTERM)
        assert service.wait(60) == 0
    assert refused.returncode == 2
    assert f"process {service.pid}" in refused.stderr
    assert f"deliver,scheduler,web (process {service.pid} on {socket.gethostname()})" in shown
    done = alerts(tmp_path, *restore)
    assert (done.returncode, "Mail is on hold" in done.stdout) == (0, True)
    assert "restored from a backup" in alerts(tmp_path, "status").stdout


def test_a_database_is_not_replaced_under_a_single_command(tmp_path: Path) -> None:
    """`alerts poll` waits for a source that never answers; meanwhile nothing is restored."""
    assert alerts(tmp_path, "db", "backup", "--to", "copies").returncode == 0
    [backup] = (tmp_path / "copies").iterdir()
    restore = ("db", "restore", str(backup), "--replace")
    with socket.create_server(("127.0.0.1", 0)) as here:
        address = here.getsockname()
    url = f"http://127.0.0.1:{address[1]}/feed"
    added = alerts(tmp_path, "source", "add", url, "--slug", "silent", "--allow-private", "--unchecked")
    assert added.returncode == 0, added.stderr
    with socket.create_server(address) as silent:
        command = [sys.executable, "-m", "alerts", "poll"]
        with subprocess.Popen(command, cwd=tmp_path, env=OUR, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as poll:
            asked, _ = silent.accept()
            refused = alerts(tmp_path, *restore)
            asked.close()
            silent.close()
            assert poll.wait(60) == 1
    assert refused.returncode == 2
    assert f"alerts poll (process {poll.pid} on" in refused.stderr
    assert alerts(tmp_path, *restore).returncode == 0
