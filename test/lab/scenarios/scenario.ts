import type { Lab } from '../lab.ts';
import { MainJob } from '../main-job.ts';
import { MACHINE_NAMES, type MachineName } from '../settings.ts';

const MINUTE_MS = 60_000;
/** Only ends what hangs: a computer that others keep busy takes minutes for what it does in seconds alone. */
export const STEP_LIMIT_MS = 15 * MINUTE_MS;
const ENROLL_LIMIT_MS = 20 * MINUTE_MS;

/** Adds a step: it needs what the earlier ones left behind. */
export type ScenarioStep = (title: string, run: () => Promise<void>, limit_ms?: number) => void;

export interface Step {
  readonly title: string;
  readonly run: () => Promise<void>;
  readonly limit_ms: number;
}

/** What a scenario's file exports. */
export interface Scenario {
  readonly name: string;
  /** Those that are powered on before its first step. */
  readonly machines: readonly MachineName[];
  /** Both primaries protected and a client that writes; a lab that is so already can be taken as it is. Otherwise machines with empty disks. */
  readonly needsProtection: boolean;
  steps(lab: Lab): Step[];
}

/** Steps with both primaries protected and a writing client. */
export function scenario(name: string, define: (job: MainJob, step: ScenarioStep) => void): Scenario {
  return {
    name,
    machines: MACHINE_NAMES,
    needsProtection: true,
    steps: (lab) => collect((step) => define(new MainJob(lab), step)),
  };
}

/** Steps against machines on which nothing has been done yet. */
export function labScenario(
  name: string,
  machines: readonly MachineName[],
  define: (lab: Lab, step: ScenarioStep) => void,
): Scenario {
  return { name, machines, needsProtection: false, steps: (lab) => collect((step) => define(lab, step)) };
}

/** From empty disks to two protected hosts. */
export function protectionSteps(lab: Lab): Step[] {
  const job = new MainJob(lab);
  return collect((step) => {
    step('spare init makes the standby', () => job.standby.init(['alpha', 'beta']));
    step('spare enroll protects alpha', () => job.enroll('alpha'), ENROLL_LIMIT_MS);
    step('spare enroll protects beta', () => job.enroll('beta'), ENROLL_LIMIT_MS);
  });
}

function collect(define: (step: ScenarioStep) => void): Step[] {
  const steps: Step[] = [];
  define((title, run, limit_ms = STEP_LIMIT_MS) => steps.push({ title, run, limit_ms }));
  return steps;
}
