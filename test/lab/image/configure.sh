#!/bin/sh
# Turns a fresh Debian root into the root of a lab machine. Usage: configure.sh ROOT
# What is switched off here has no part in what spare does, and costs seconds of each boot under emulation.
set -eu
root=$1

rm -rf "$root"/etc/apt/sources.list* "$root"/etc/apt/apt.conf.d/* "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/*
rm -rf "$root"/usr/share/doc/* "$root"/usr/share/man/* "$root"/usr/share/locale/* "$root"/usr/share/info/*
rm -rf "$root"/usr/lib/udev/hwdb.d "$root"/usr/lib/udev/hwdb.bin
rm -f "$root"/etc/ssh/ssh_host_* "$root"/etc/iscsi/initiatorname.iscsi "$root"/etc/mdadm/mdadm.conf.d/*
: > "$root/etc/machine-id"
: > "$root/etc/resolv.conf"
mkdir -p "$root/opt/spare" "$root/usr/local/bin" "$root/srv"
install -d -m 700 "$root/var/lib/spare"
ln -sf /opt/spare/bin/spare "$root/usr/local/bin/spare"

# Rules for hardware that these machines do not have. Those for block devices, MD and iSCSI stay as Debian ships them.
mkdir -p "$root/etc/udev/rules.d"
for rule in 60-cdrom_id 60-drm 60-evdev 60-fido-id 60-infiniband 60-input-id 60-persistent-alsa 60-persistent-input \
  60-persistent-storage-tape 60-persistent-v4l 60-sensor 60-serial 64-btrfs 70-camera 70-joystick 70-memory 70-mouse \
  70-power-switch 70-touchpad 70-uaccess 71-seat 73-seat-late 73-special-net-names 75-net-description 75-probe_mtd \
  78-sound-card 80-net-setup-link 85-hwclock 60-autosuspend; do
  ln -sf /dev/null "$root/etc/udev/rules.d/$rule.rules"
done

control() { systemctl --root="$root" "$@" >/dev/null 2>&1 || true; }
# This one must not fail: without it nobody gets in.
systemctl --root="$root" enable lab-ssh.service 2>/dev/null
control disable ssh.service nfs-server.service rpcbind.service rpcbind.socket nfs-client.target e2scrub_reap.service
control mask getty@tty1.service serial-getty@ttyS0.service getty-static.service systemd-logind.service \
  apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer fstrim.timer \
  systemd-tmpfiles-clean.timer systemd-journal-flush.service systemd-update-utmp.service \
  systemd-update-utmp-runlevel.service systemd-random-seed.service systemd-firstboot.service \
  systemd-machine-id-commit.service systemd-pstore.service systemd-binfmt.service systemd-hwdb-update.service \
  systemd-ask-password-console.path systemd-ask-password-wall.path systemd-sysusers.service systemd-repart.service \
  systemd-pcrphase.service systemd-pcrphase-sysinit.service dev-hugepages.mount dev-mqueue.mount \
  sys-kernel-debug.mount sys-kernel-tracing.mount proc-sys-fs-binfmt_misc.automount sys-fs-fuse-connections.mount \
  mdcheck_start.timer mdcheck_continue.timer nfs-blkmap.service rpcbind.service rpcbind.socket
