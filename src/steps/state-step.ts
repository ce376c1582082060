import type { HostStateName } from '../hosts/host-record.ts';
import { enter } from '../hosts/host-state.ts';
import type { HostEvent } from '../hosts/state-table.ts';
import type { OperationContext } from './operation-context.ts';
import type { Step } from './step.ts';

export interface StateStepOptions {
  name: string;
  title: string;
  event: HostEvent;
  /** Where the event leads, for the plan. */
  to: HostStateName;
  undo?: () => Promise<void>;
}

/** A step that records what has happened to the host. */
export function stateStep(
  { host, standbyMachine: machine, clock }: OperationContext,
  { event, to, ...shown }: StateStepOptions,
): Step {
  return {
    ...shown,
    machine,
    commandLines: [`(state: ${to})`],
    async run() {
      enter(host.name, event, clock);
    },
  };
}
