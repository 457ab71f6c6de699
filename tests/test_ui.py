"""The command that keeps the Dagster UI open ends when it is asked to."""

from __future__ import annotations

import signal
import subprocess
import sys
from functools import partial

# What `dagster dev` does with signals.
DAGSTER = """
import signal, time
signal.signal(signal.SIGTERM, signal.getsignal(signal.SIGINT))
try:
    print("serving", flush=True)
    time.sleep(60)
except KeyboardInterrupt:
    print("ended by itself", flush=True)
"""
COMMAND = f"""
import sys
from pipelines.commands.ui import run_until_ended
sys.exit(run_until_ended([sys.executable, "-c", {DAGSTER!r}], {{}}))
"""


def test_a_request_to_end_is_passed_on_where_a_script_has_interrupts_ignored() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", COMMAND],
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_IGN),
    ) as process:
        assert process.stdout.readline() == "serving\n"
        process.terminate()
        assert process.stdout.read() == "ended by itself\n"
    assert process.returncode == 0
