import { CLOCK_FAULTS } from './clock-faults.ts';
import type { Fault } from './fault.ts';
import { FREEZE_FAULTS } from './freeze-faults.ts';
import { KILLED_FAILBACKS } from './killed-failbacks.ts';
import { KILLED_FAILOVERS } from './killed-failovers.ts';
import { NETWORK_FAULTS } from './network-faults.ts';
import { POWER_FAULTS } from './power-faults.ts';
import { SPACE_FAULTS } from './space-faults.ts';

/** All rows, in the order in which they are run. */
export const FAULTS: readonly Fault[] = [
  ...CLOCK_FAULTS,
  ...NETWORK_FAULTS,
  ...FREEZE_FAULTS,
  ...POWER_FAULTS,
  ...KILLED_FAILOVERS,
  ...KILLED_FAILBACKS,
  ...SPACE_FAULTS,
];
