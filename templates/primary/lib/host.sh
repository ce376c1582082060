# shellcheck shell=sh
# The host of a program.

# Reads /etc/spare/services/HOST.conf; nothing else does. Its settings go into the environment, for the programs inside the
# namespaces: SPARE_HOST, SPARE_ROLE (primary or standby), SPARE_ADDRESS (with its prefix length), SPARE_INTERFACE,
# SPARE_LEASE, SPARE_VOLUMES (names); on a primary SPARE_IQN and SPARE_PORTAL too, on the standby SPARE_SHIM_SOURCE. The
# settings of a volume are set by use_one_volume or use_only_volume.
# It also sets the namespaces of the host: SPARE_NETWORK is the name of the network namespace, SPARE_NAMESPACE its file,
# SPARE_INNER the interface in it, SPARE_STATE the folder of the others.
use_host() {
  configuration=$root/etc/spare/services/$1.conf
  [ -r "$configuration" ] || fail "cannot read $configuration; is this host enrolled?"
  set -a
  # A file written before volumes had names has the settings of the host's only one outside of use_volume.
  SPARE_VOLUMES=data
  use_volume() {
    export SPARE_VOLUME="$1" SPARE_LUN=1
  }
  # shellcheck source=/dev/null
  . "$configuration"
  set +a
  export SPARE_NETWORK="spare-$SPARE_HOST"
  export SPARE_NAMESPACE="$root/run/netns/$SPARE_NETWORK"
  export SPARE_INNER=spare0
  export SPARE_STATE="$root/run/spare/services/$SPARE_HOST"
}

# Sets what belongs to a volume: SPARE_VOLUME (its name), SPARE_LUN, SPARE_MIRROR_UUID, SPARE_DEVICE, SPARE_MOUNT, SPARE_FSID,
# SPARE_CLIENTS, SPARE_EXPORT_OPTIONS, SPARE_IDENTITY (empty in a file of an older version); on a primary SPARE_LOCAL_LEG too.
use_one_volume() {
  set -a
  export SPARE_IDENTITY=''
  use_volume "$1" || fail "there is no volume $1 in $configuration"
  set +a
}

# For what works with one volume.
use_only_volume() {
  case $SPARE_VOLUMES in
    '' | *' '*) fail "$SPARE_HOST has several volumes ($SPARE_VOLUMES), or none; this version of spare serves one" ;;
  esac
  use_one_volume "$SPARE_VOLUMES"
}
