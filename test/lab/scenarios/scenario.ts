import { suite, type Test } from 'uvu';
import { tellDiagnostics } from '../diagnostics.ts';
import type { Lab } from '../lab.ts';
import { MainJob } from '../main-job.ts';
import { MACHINE_NAMES, type MachineName } from '../settings.ts';
import { withTemporaryLab } from '../temporary-lab.ts';

const MINUTE_MS = 60_000;

/** A step of a scenario: it needs what the earlier ones left behind. */
export type ScenarioStep = (title: string, run: () => Promise<void>, limit_ms?: number) => void;

/** Runs a suite of steps with both primaries protected and a writing client. */
export async function scenario(name: string, define: (job: MainJob, step: ScenarioStep) => void): Promise<void> {
  await labScenario(name, MACHINE_NAMES, (lab, step) => {
    const job = new MainJob(lab);
    step('spare init makes the standby', () => job.standby.init(['alpha', 'beta']));
    step('spare enroll protects alpha', () => job.enroll('alpha'), 10 * MINUTE_MS);
    step('spare enroll protects beta', () => job.enroll('beta'), 10 * MINUTE_MS);
    step('the client writes to both', async () => {
      await job.watchMirror('beta');
      await job.startWriters();
    });
    define(job, step);
  });
}

/**
 * Runs a suite of steps against a lab of which these machines are powered on, and takes the lab down after it.
 * After a step that failed the others fail at once: what they would find means nothing.
 */
export async function labScenario(
  name: string,
  machines: readonly MachineName[],
  define: (lab: Lab, step: ScenarioStep) => void,
): Promise<void> {
  const tell = (line: string) => console.log(`# ${line}`);
  await withTemporaryLab({ name, tell, leftover: 'remove' }, async (lab) => {
    const test: Test = suite(name);
    let failed = false;
    const step: ScenarioStep = (title, run, limit_ms = 5 * MINUTE_MS) => {
      test(title, async () => {
        if (failed) throw new Error('An earlier step of this scenario failed');
        const started = performance.now();
        try {
          await withinLimit(run, limit_ms);
        } catch (error) {
          failed = true;
          await tellDiagnostics(lab, tell);
          throw error;
        } finally {
          tell(`${title}: ${((performance.now() - started) / 1000).toFixed(1)} s`);
        }
      });
    };
    step('the machines start', () => lab.up(machines), 6 * MINUTE_MS);
    define(lab, step);
    const finished = Promise.withResolvers<void>();
    test.after(() => finished.resolve());
    test.run();
    await finished.promise;
    if (failed) throw new Error(`The scenario '${name}' failed`);
  });
}

/** Fails what takes too long: uvu itself would wait for ever. */
async function withinLimit(run: () => Promise<void>, limit_ms: number): Promise<void> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`It took longer than ${limit_ms / 1000} s`)), limit_ms);
  try {
    await Promise.race([run(), promise]);
  } finally {
    clearTimeout(timer);
  }
}
