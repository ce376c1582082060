#!/bin/busybox sh
# The lab's initrd: loads virtio, gives the machine its name and address from the kernel command line, and switches to the root.
# @MODULES@ is replaced with the modules in the order in which they depend on each other.
b=/bin/busybox
$b mount -t proc proc /proc
$b mount -t sysfs sys /sys
$b mount -t devtmpfs dev /dev
address= name=lab project=
for word in $($b cat /proc/cmdline); do
  case $word in
    # Asked only whether this machine's KVM runs a guest at all.
    lab.probe) echo "lab: guest runs"; $b reboot -f ;;
    lab.address=*) address=${word#*=} ;;
    lab.project=*) project=${word#*=} ;;
    systemd.hostname=*) name=${word#*=} ;;
  esac
done
for module in @MODULES@; do $b insmod "/modules/$module"; done
tries=0
while [ ! -b /dev/vda ] && [ $tries -lt 100 ]; do $b usleep 50000; tries=$((tries + 1)); done
$b mount -t ext4 -o rw,relatime /dev/vda /new || exec $b sh
$b mount -t tmpfs -o mode=755 run /new/run
[ -z "$project" ] || $b mount -t ext4 -o rw,noatime "$project" /new/opt/spare
$b ip link set lo up
$b ip addr add "$address" dev eth0
$b ip link set eth0 up
echo "$name" > /new/etc/hostname
[ -s /new/etc/iscsi/initiatorname.iscsi ] || echo "InitiatorName=iqn.1993-08.org.debian:01:lab-$name" > /new/etc/iscsi/initiatorname.iscsi
$b mount --move /dev /new/dev
$b umount /sys
$b umount /proc
exec $b switch_root /new /sbin/init
