# shellcheck shell=sh
# What the guard does next. These functions only decide: they read variables, set one, and touch nothing else.

# Sets `action` to the next action of a round:
#   rest      the round is over
#   ask       ask the target whether this host has been replaced
#   log-in, log-out
#   assemble  assemble by the ownership record, and start the service
#   serve     the array runs already: start the service
#   stop      replaced: stop everything, and stay passive
#   come-back passive no more, if the LUNs tell that the standby does not own the volumes
#   give-up   end the session, and with it the wait of the writes
# From:
#   passive    no | held | replaced   /etc/spare/passive: by the standby's operations, or by the guard itself
#   serving    yes | no   the guard has started the service
#   assembled  yes | no   all arrays run, and the guard has looked at what it assembled
#   link       up | down | none   the session as the kernel shows it; down: iscsid keeps retrying
#   fresh      yes | no   the guard made this login and has not used it yet: what the LUN tells of its owner is new
#   answer     unasked | accepted | replaced | unknown   the target, in this round
#   told       standby | other   what the watch told last
#   alone      yes | no   the administrator says that the standby does not serve
#   silent     yes | no   no session was up for a lease, nor did the guard start since: the standby does not count on a pair
#   endless    yes | no   the writes of this session wait without limit
#   fill       yes | no   /etc/spare/fill exists: the local leg may be incomplete
next_action() {
  action=rest
  if [ "$passive" = replaced ]; then
    while_replaced
  elif [ "$passive" = held ]; then
    return 0
  elif [ "$answer" = replaced ]; then
    action=stop
  elif [ "$serving" = yes ]; then
    while_serving
  elif [ "$assembled" = yes ]; then
    while_assembled
  else
    while_stopped
  fi
}

# A takeover that was refused or rolled back leaves a primary that has made itself passive: it asks on.
while_replaced() {
  case $serving/$assembled/$link/$fresh/$answer in
    yes/*) action=stop ;;
    no/yes/*) action=log-out ;;
    no/no/up/yes/*) action=come-back ;;
    no/no/up/no/*) action=log-out ;;
    */unasked) action=log-in ;;
  esac
}

# A session that seems to be up may be from before this machine was frozen, so the watch is believed that it is time to ask.
while_serving() {
  case $link/$told/$answer in
    up/other/*) ;;
    */unasked) action=ask ;;
    none/*/accepted) action=log-in ;;
    down/*) give_up ;;
  esac
}

# Both legs are complete, but the session broke before its writes were given the lease as their limit.
give_up() {
  case $silent/$endless/$fill in
    yes/yes/no) action=give-up ;;
  esac
}

# The guard was restarted, or a failback has assembled the array.
while_assembled() {
  case $link/$answer/$alone/$silent in
    */unasked/*) action=ask ;;
    up/accepted/*) action=serve ;;
    none/accepted/*) action=log-in ;;
    */unknown/yes/yes) action=serve ;;
  esac
}

while_stopped() {
  case $link/$fresh/$answer/$alone/$silent in
    up/yes/*) action=assemble ;;
    up/no/*) action=log-out ;;
    */unasked/*) action=log-in ;;
    */unknown/yes/yes) action=assemble ;;
  esac
}

# Sets `legs` to the legs from which a volume is assembled: `both`, `local`, `lun`, or `none` for not at all.
# From `link`, `alone`, `fill`, and:
#   owner  pair | primary | standby | fill | unknown   by the ownership record, where link is up. Then `fill` does not matter: the
#          standby knows whether the local leg is complete
choose_legs() {
  case $link/$owner/$fill/$alone in
    up/pair/*) legs=both ;;
    up/fill/*) legs=lun ;;
    up/primary/*) legs=local ;;
    down/*/no/yes | none/*/no/yes) legs=local ;;
    *) legs=none ;;
  esac
}

# Sets `sound` to whether an array that was assembled may be served: yes or no. mdadm leaves out a leg that it cannot read, and one
# that it thinks is older. The array would then acknowledge alone at once, while the standby counts on both legs.
# From `legs`, and:
#   in_sync  how many legs are in sync in the array
judge_array() {
  case $legs/$in_sync in
    both/2) sound=yes ;;
    both/*) sound=no ;;
    *) sound=yes ;;
  esac
}
