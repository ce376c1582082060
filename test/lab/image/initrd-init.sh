#!/bin/busybox sh
# shellcheck shell=dash
# The initrd of machines that QEMU runs: loads virtio, mounts the root, and goes on with the first program that is there.
# @MODULES@ is replaced with the modules in the order in which they depend on each other.
b=/bin/busybox
$b mount -t proc proc /proc
$b mount -t devtmpfs dev /dev
for word in $($b cat /proc/cmdline); do
  # Asked only whether this computer's KVM runs a guest at all.
  [ "$word" != lab.probe ] || { echo "lab: guest runs"; $b reboot -f; }
done
# shellcheck disable=SC2043 # It runs once for each of the names that are put there.
for module in @MODULES@; do $b insmod "/modules/$module"; done
tries=0
while [ ! -b /dev/vda ] && [ $tries -lt 100 ]; do $b usleep 50000; tries=$((tries + 1)); done
$b mount -t ext4 -o rw,relatime /dev/vda /new || exec $b sh
$b mount --move /dev /new/dev
$b umount /proc
exec $b switch_root /new /usr/lib/lab/init
