# shellcheck shell=sh
# What every program has: where it looks for commands and files, and how it gives up.
# For tests: SPARE_TEST_ROOT is put before every path that is looked at, and leaves PATH as it is.
root=${SPARE_TEST_ROOT:-}
[ -n "$root" ] || PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

fail() {
  echo "${0##*/}: $*" >&2
  exit 1
}
