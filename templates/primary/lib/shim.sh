# shellcheck shell=sh
# The standby's own route to the services that it has taken over.
# A macvlan interface cannot be reached from its parent interface, but from a sibling macvlan. The sibling must not answer
# ARP, or the network would learn two hardware addresses for the standby.
shim=spare-shim

# Whether it is there, up, and on the standby's interface. Starts no process.
shim_right() {
  { read -r parent <"$root/sys/class/net/$shim/iflink" && read -r flags <"$root/sys/class/net/$shim/flags"; } 2>/dev/null || return 1
  { read -r interface <"$root/sys/class/net/$SPARE_INTERFACE/ifindex"; } 2>/dev/null || return 1
  [ "$parent" = "$interface" ] && [ $((flags & 1)) -eq 1 ]
}

# All hosts use it, so only one process at a time may come here. One that is right is left alone.
prepare_shim() {
  { read -r interface <"$root/sys/class/net/$SPARE_INTERFACE/ifindex"; } 2>/dev/null ||
    fail "there is no network interface $SPARE_INTERFACE"
  if shim_right; then return 0; fi
  { read -r parent <"$root/sys/class/net/$shim/iflink"; } 2>/dev/null || parent=none
  if [ "$parent" != "$interface" ]; then
    if [ "$parent" != none ]; then ip link delete "$shim"; fi
    ip link add link "$SPARE_INTERFACE" name "$shim" type macvlan mode bridge
    # It has another hardware address now.
    rm -f "$root"/run/spare/services/*/hardware
  fi
  sysctl -q -w "net.ipv6.conf.$shim.disable_ipv6=1" 2>/dev/null || true
  # Answers arrive on the shim only: strict reverse path filtering would work too, loose does no harm.
  sysctl -q -w "net.ipv4.conf.$shim.rp_filter=2"
  ip link set "$shim" arp off up
}

# Neither interface answers ARP for the other, so each gets the other's hardware address.
learn_hardware() {
  inner_link=$(ip -n "$SPARE_NETWORK" -o link show dev "$SPARE_INNER")
  shim_link=$(ip -o link show dev "$shim")
  case "$inner_link $shim_link" in
    *link/ether*link/ether*) ;;
    *) fail "cannot read the hardware addresses of $SPARE_INNER and $shim" ;;
  esac
  inner_hardware=${inner_link#*link/ether }
  shim_hardware=${shim_link#*link/ether }
  echo "${inner_hardware%% *} ${shim_hardware%% *}" >"$SPARE_STATE/hardware"
}
