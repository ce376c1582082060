# shellcheck shell=sh
# The standby's own route to the services that it has taken over.
# A macvlan interface cannot be reached from its parent interface, but from a sibling macvlan. The sibling must not answer
# ARP, or the network would learn two hardware addresses for the standby.
shim=spare-shim

prepare_shim() {
  if ! [ -e "/sys/class/net/$shim" ]; then
    ip link add link "$SPARE_INTERFACE" name "$shim" type macvlan mode bridge
  fi
  sysctl -q -w "net.ipv6.conf.$shim.disable_ipv6=1" 2>/dev/null || true
  # Answers arrive on the shim only: strict reverse path filtering would work too, loose does no harm.
  sysctl -q -w "net.ipv4.conf.$shim.rp_filter=2"
  ip link set "$shim" arp off up
  learn_hardware
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
