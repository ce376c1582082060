# shellcheck shell=sh
# What the watch told last, a file for each volume: `EPOCH OWNER LEASE_S`. `report` writes them, `guard` and people read them.
TOLD=$root/run/spare/ownership
