import { tellDiagnostics } from '../diagnostics.ts';
import type { Lab } from '../lab.ts';
import { progress, seconds } from '../progress.ts';
import type { Step } from './scenario.ts';

export interface StepCounts {
  passed: number;
  /** The step that failed, and those after it: what they would find means nothing. */
  failed: number;
}

/** Runs the steps one after the other until one fails. Each is told when it begins; how it ended, and how long it took, on standard output. */
export async function runSteps(lab: Lab, name: string, steps: readonly Step[]): Promise<StepCounts> {
  for (const [index, { title, run, limit_ms }] of steps.entries()) {
    progress(`${name}: ${title} …`);
    const started = performance.now();
    const outcome = (label: string) =>
      console.log(`${label} ${name}: ${title} (${seconds(performance.now() - started)})`);
    try {
      await withinLimit(run, limit_ms);
      outcome('ok    ');
    } catch (error) {
      outcome('FAILED');
      console.log(described(error));
      await tellDiagnostics(lab, (line) => console.log(`# ${line}`));
      return { passed: index, failed: steps.length - index };
    }
  }
  return { passed: steps.length, failed: 0 };
}

/** Fails what takes too long. */
async function withinLimit(run: () => Promise<void>, limit_ms: number): Promise<void> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`It took longer than ${seconds(limit_ms)}`)), limit_ms);
  try {
    await Promise.race([run(), promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** uvu's assertions have what was there and what was wanted in `details`. */
function described(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { details } = error as { details?: unknown };
  return typeof details === 'string' ? `${error.stack}\n${details}` : String(error.stack);
}
