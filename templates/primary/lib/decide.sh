# shellcheck shell=sh
# What the guard does next. These functions only decide: they read variables, set one, and touch nothing else.

# Sets `action` to the next action of a round:
#   rest      the round is over
#   ask       ask the target whether this host has been replaced
#   log-in, log-out
#   assemble  assemble by the ownership record, and start the service
#   serve     the array runs already: start the service
#   stop      replaced: stop everything, and stay passive
# From:
#   passive    yes | no   /etc/spare/passive exists
#   serving    yes | no   the guard has started the service
#   assembled  yes | no   all arrays run
#   link       up | down | none   the session as the kernel shows it; down: iscsid keeps retrying
#   fresh      yes | no   the guard made this login and has not used it yet: what the LUN tells of its owner is new
#   answer     unasked | accepted | replaced | unknown   the target, in this round
#   told       standby | other   what the watch told last
#   alone      yes | no   the administrator says that the standby does not serve
next_action() {
  action=rest
  if [ "$passive" = yes ]; then
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

# A session that seems to be up may be from before this machine was frozen, so the watch is believed that it is time to ask.
while_serving() {
  case $link/$told/$answer in
    up/other/*) ;;
    */unasked) action=ask ;;
    none/*/accepted) action=log-in ;;
  esac
}

# The guard was restarted, or a failback has assembled the array.
while_assembled() {
  case $link/$answer/$alone in
    */unasked/*) action=ask ;;
    up/accepted/*) action=serve ;;
    none/accepted/*) action=log-in ;;
    */unknown/yes) action=serve ;;
  esac
}

while_stopped() {
  case $link/$fresh/$answer/$alone in
    up/yes/*) action=assemble ;;
    up/no/*) action=log-out ;;
    */unasked/*) action=log-in ;;
    */unknown/yes) action=assemble ;;
  esac
}

# Sets `legs` to the legs from which a volume is assembled: `both`, `local`, `lun`, or `none` for not at all.
# From `link`, `alone`, and:
#   owner  pair | primary | standby | fill | unknown   by the ownership record, where link is up
#   fill   yes | no   /etc/spare/fill exists: the local leg may be incomplete
choose_legs() {
  case $link/$owner/$fill/$alone in
    up/pair/*) legs=both ;;
    up/fill/*) legs=lun ;;
    up/primary/no/*) legs=local ;;
    down/*/no/yes | none/*/no/yes) legs=local ;;
    *) legs=none ;;
  esac
}
