#!/bin/sh
# Writes files over and over, each followed by fsync: load beside the records. Usage: write-bulk.sh DIRECTORY LOG
# What a program is told of an error goes to LOG, and ends this. SIGTERM ends it too.
file=0
while head -c 1048576 /dev/urandom | dd of="$1/bulk-$file" bs=65536 iflag=fullblock conv=notrunc,fsync status=none; do
  file=$(((file + 1) % 8))
  sleep 0.5
done 2>>"$2"
exit 1
