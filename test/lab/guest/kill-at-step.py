#!/usr/bin/env python3
"""Runs a command of spare, and sends it a signal as soon as its journal says that a step has begun.

Usage: kill-at-step.py JOURNAL STEP SIGNAL COMMAND...

Prints how the command ended. Fails if it ended before that step.
"""
import json
import signal
import subprocess
import sys
import time

journal_path, step, signal_name, *command = sys.argv[1:]
with open(journal_path, encoding="utf-8") as journal:
    journal.seek(0, 2)
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    rest = ""
    while process.poll() is None:
        *lines, rest = (rest + journal.read()).split("\n")
        entries = [json.loads(line) for line in lines]
        if any(entry["event"] == "step-begun" and entry["step"] == step for entry in entries):
            process.send_signal(signal.Signals[signal_name])
            print(process.wait())
            sys.exit(0)
        time.sleep(0.002)
sys.exit(f"The command ended before the step '{step}', with {process.returncode}")
