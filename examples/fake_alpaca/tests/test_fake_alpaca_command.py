"""The command, as a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from typing import Any

import pytest
import requests

from fake_alpaca.command import main


def test_it_serves_until_it_is_interrupted() -> None:
    command = [sys.executable, "-m", "fake_alpaca.command", "--port", "0", "--quotes", "given", "--price", "AAPL=123"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        where: dict[str, Any] = json.loads(process.stdout.readline())
        keys = {"APCA-API-KEY-ID": where["key_id"], "APCA-API-SECRET-KEY": where["secret_key"]}
        quote = requests.get(f"{where['url']}/v2/stocks/AAPL/quotes/latest", headers=keys, timeout=10).json()["quote"]
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0
    assert quote["bp"] == 123


def test_it_says_what_it_takes(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    assert "--requests-per-minute" in capsys.readouterr().out
