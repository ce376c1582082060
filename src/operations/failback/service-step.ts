import type { Machine } from '../../machine/machine.ts';
import { quoteForShell } from '../../machine/quote.ts';
import { type ServiceVerb, service, serviceArgv } from '../../service/service.ts';
import type { VolumeContext } from '../../steps/operation-context.ts';
import type { Step } from '../../steps/step.ts';

/** A step of the service program, on either machine, and the verb that takes it back. */
export function serviceStep(
  { host, standbyMachine }: VolumeContext,
  machine: Machine,
  verb: ServiceVerb,
  undoVerb: ServiceVerb,
  title: string,
): Step {
  return {
    name: `${machine === standbyMachine ? 'standby' : 'primary'}-${verb}`,
    machine,
    title,
    commandLines: [quoteForShell(serviceArgv(verb, host.name))],
    run: () => service(machine, verb, host.name),
    undo: () => service(machine, undoVerb, host.name),
  };
}
