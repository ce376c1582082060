#!/bin/sh
# Logs how many legs this machine's mirror sets lack, twice a second: `<seconds since the epoch> <degraded> <array>`.
# Usage: watch-mirror.sh LOG
while sleep 0.5; do
  for file in /sys/block/md*/md/degraded; do
    [ -r "$file" ] || continue
    array=${file#/sys/block/}
    echo "$(date +%s.%N) $(cat "$file") ${array%%/*}"
  done
done >>"$1"
