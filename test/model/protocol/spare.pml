/* The ownership of a host's volumes: see docs/model.md. Each name in a #ifdef that is not a bound is a mutation: a rule taken away. */
#ifndef VOLUMES
#define VOLUMES 1
#endif
#include "mutations.pml"
#include "state.pml"
#include "oracle.pml"
#include "record.pml"
#include "primary.pml"
#include "standby.pml"
#include "commands.pml"
#include "world.pml"

init { run kernel(0);
#if VOLUMES == 2
  run kernel(1)
#endif
}
