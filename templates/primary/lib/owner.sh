# shellcheck shell=sh
# Who owns a volume, by the standby's ownership record.

# Sets `owner` and `epoch` to what a LUN told when its disk appeared (bytes 36 to 55 of the INQUIRY data, docs/protocol.md). The owner
# is `pair`, `primary`, `standby` or `fill`; anything else is `unknown`. The kernel does not ask again: only a new login brings news.
look_at_owner() {
  disk=$(readlink -f "$1")
  inquiry=$(tail -c +37 "$root/sys/block/${disk##*/}/device/inquiry" 2>/dev/null | head -c 20)
  case $inquiry in
    'spare pair '*) owner=pair ;;
    'spare primary '*) owner=primary ;;
    'spare standby '*) owner=standby ;;
    'spare fill '*) owner=fill ;;
    *) owner=unknown ;;
  esac
  epoch=${inquiry#spare "$owner" }
  epoch=${epoch%% *}
  case $epoch in
    '' | *[!0-9]*) epoch=0 ;;
  esac
}
