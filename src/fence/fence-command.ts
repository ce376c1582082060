import { execLocal } from '../machine/exec.ts';
import { quoteForShell } from '../machine/quote.ts';
import { SpareError } from '../std/errors.ts';

const FENCE_TIMEOUT_ms = 30_000;

/** Runs on the standby; `$1` is the action, `SPARE_HOST` the host (`src/config/schema.ts`). */
export function fenceArgv(command: string, action: 'off' | 'status'): string[] {
  return ['sh', '-c', command, 'spare', action];
}

export function fenceCommandLine(command: string, host: string, action: 'off' | 'status'): string {
  return `SPARE_HOST=${quoteForShell([host])} ${quoteForShell(fenceArgv(command, action))}`;
}

/**
 * Switches the host's machine off.
 * Once this resolves it is confirmed off.
 * @throws SpareError `refused` if the fence command does not confirm it: a host that may be alive must not be failed over.
 */
export async function fenceOff(command: string, host: string): Promise<void> {
  try {
    await execLocal(fenceArgv(command, 'off'), { environment: { SPARE_HOST: host }, timeout_ms: FENCE_TIMEOUT_ms });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new SpareError('refused', 'FENCE_FAILED', `Cannot confirm that ${host} is off: ${reason}`, {
      hint: `Switch ${host} off yourself, then run: spare failover ${host} --confirmed-off`,
      cause,
    });
  }
}

/** The power state reported by the fence device, or `undefined` if it reports none. @param signal Ends the command. */
export async function fenceStatus(
  command: string,
  host: string,
  signal?: AbortSignal,
): Promise<'on' | 'off' | undefined> {
  const { exitCode, stdout } = await execLocal(fenceArgv(command, 'status'), {
    environment: { SPARE_HOST: host },
    timeout_ms: FENCE_TIMEOUT_ms,
    ...(signal && { signal }),
    acceptExitCodes: Array.from({ length: 255 }, (_, index) => index + 1),
  });
  const said = stdout.trim();
  return exitCode === 0 && (said === 'on' || said === 'off') ? said : undefined;
}
