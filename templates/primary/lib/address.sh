# shellcheck shell=sh
# The service address, which moves between a primary and the standby.

# `replace` does not change an existing entry. A batch ends at its first error.
address_up() {
  inside "$here/inside/assert-served"
  address=${SPARE_ADDRESS%/*}
  if [ "$SPARE_ROLE" = standby ]; then
    [ -s "$SPARE_STATE/hardware" ] || learn_hardware
    read -r inner_hardware shim_hardware <"$SPARE_STATE/hardware"
    ip -n "$SPARE_NETWORK" -batch - <<END
address replace $SPARE_ADDRESS dev $SPARE_INNER
neighbour replace $SPARE_SHIM_SOURCE lladdr $shim_hardware dev $SPARE_INNER nud permanent
END
  else
    ip -n "$SPARE_NETWORK" address replace "$SPARE_ADDRESS" dev "$SPARE_INNER"
  fi
  # In the background, and more than once: a switch or a client may miss the first one.
  nsenter --net="$SPARE_NAMESPACE" arping -q -U -c 3 -I "$SPARE_INNER" "$address" </dev/null >/dev/null 2>&1 &
  if [ "$SPARE_ROLE" = standby ]; then
    ip -batch - <<END
neighbour replace $address lladdr $inner_hardware dev $shim nud permanent
route replace $address/32 dev $shim src $SPARE_SHIM_SOURCE
END
  fi
}

# The standby's own route. One part may be gone already; the other must still be removed.
forget_route() {
  address=${SPARE_ADDRESS%/*}
  ip -force -batch - 2>/dev/null <<END || true
route del $address/32 dev $shim
neighbour del $address dev $shim
END
}

address_down() {
  if [ "$SPARE_ROLE" = standby ]; then forget_route; fi
  if ! prepared; then
    end_unprepared
    return 0
  fi
  case $(ip -n "$SPARE_NETWORK" -4 -o address show dev "$SPARE_INNER") in
    *" $SPARE_ADDRESS "*) ip -n "$SPARE_NETWORK" address del "$SPARE_ADDRESS" dev "$SPARE_INNER" ;;
  esac
}
