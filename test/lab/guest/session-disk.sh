#!/bin/sh
# Prints the disk of an iSCSI session, once there is one: `<name> <SCSI address> <header digest> <data digest>`, digests as 0 or 1.
# Usage: session-disk.sh TARGET INTERFACE
for session in /sys/class/iscsi_session/session*; do
  [ "$(cat "$session/targetname") $(cat "$session/ifacename")" = "$1 $2" ] || continue
  for disk in "$session"/device/target*/*/block/*; do
    [ -b "/dev/${disk##*/}" ] || continue
    address=$(readlink -f "$disk/device")
    cd "$session"/device/connection*/iscsi_connection/connection* || exit 1
    echo "${disk##*/} ${address##*/} $(cat header_digest) $(cat data_digest)"
  done
done
