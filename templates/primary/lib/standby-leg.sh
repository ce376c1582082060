# shellcheck shell=sh
# The LUN of a volume on the standby, by its udev name.

# Sets `standby_leg` to its path once it exists, which may take 20 s after the login.
wait_for_standby_leg() {
  standby_leg=$root/dev/disk/by-path/ip-$SPARE_PORTAL-iscsi-$SPARE_IQN-lun-$SPARE_LUN
  tries=0
  until [ -b "$standby_leg" ]; do
    tries=$((tries + 1))
    [ $tries -le 100 ] || return 1
    sleep 0.2
  done
}
