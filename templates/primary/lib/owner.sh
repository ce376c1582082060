# shellcheck shell=sh
# Who owns a volume, by the standby's ownership record.

# Sets `owner` to what a LUN told when its disk appeared (bytes 36 to 55 of the INQUIRY data, docs/protocol.md): `pair`, `primary`,
# `standby` or `fill`; anything else is `unknown`. The kernel does not ask again: only a new login brings news.
look_at_owner() {
  disk=$(readlink -f "$1")
  case $(tail -c +37 "$root/sys/block/${disk##*/}/device/inquiry" 2>/dev/null | head -c 20) in
    'spare pair '*) owner=pair ;;
    'spare primary '*) owner=primary ;;
    'spare standby '*) owner=standby ;;
    'spare fill '*) owner=fill ;;
    *) owner=unknown ;;
  esac
}
