# shellcheck shell=sh
# The host of a program.

# Reads /etc/spare/services/HOST.conf; nothing else does. Its settings go into the environment, for the programs inside the
# namespaces: SPARE_HOST, SPARE_ROLE (primary or standby), SPARE_MIRROR_UUID, SPARE_DEVICE, SPARE_MOUNT,
# SPARE_ADDRESS (with its prefix length), SPARE_INTERFACE, SPARE_FSID, SPARE_CLIENTS, SPARE_EXPORT_OPTIONS, SPARE_LEASE;
# on a primary SPARE_LOCAL_LEG, SPARE_IQN and SPARE_PORTAL too, on the standby SPARE_SHIM_SOURCE.
# It also sets the namespaces of the host: SPARE_NETWORK is the name of the network namespace, SPARE_NAMESPACE its file,
# SPARE_INNER the interface in it, SPARE_STATE the folder of the others.
use_host() {
  configuration=$root/etc/spare/services/$1.conf
  [ -r "$configuration" ] || fail "cannot read $configuration; is this host enrolled?"
  set -a
  # shellcheck source=/dev/null
  . "$configuration"
  set +a
  export SPARE_NETWORK="spare-$SPARE_HOST"
  export SPARE_NAMESPACE="$root/run/netns/$SPARE_NETWORK"
  export SPARE_INNER=spare0
  export SPARE_STATE="$root/run/spare/services/$SPARE_HOST"
}
