# shellcheck shell=sh
# The LUN of the standby, as udev names it.

# Sets `standby_leg` to its path, once it is there: that may take 20 s after the login.
wait_for_standby_leg() {
  standby_leg=$root/dev/disk/by-path/ip-$SPARE_PORTAL-iscsi-$SPARE_IQN-lun-1
  tries=0
  until [ -b "$standby_leg" ]; do
    tries=$((tries + 1))
    [ $tries -le 100 ] || return 1
    sleep 0.2
  done
}
