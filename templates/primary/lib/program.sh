# shellcheck shell=sh
# Common to all programs: where they find commands and files, and how they fail.
# For tests: SPARE_TEST_ROOT is prefixed to every path, and PATH is not changed.
root=${SPARE_TEST_ROOT:-}
[ -n "$root" ] || PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

fail() {
  echo "${0##*/}: $*" >&2
  exit 1
}
