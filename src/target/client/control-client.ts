import { connect } from 'node:net';
import { controlSocketPath } from '../../config/paths.ts';
import { type Clock, systemClock } from '../../std/clock.ts';
import { SpareError } from '../../std/errors.ts';
import type { ControlRequest, ControlResponse, TargetStatus } from './control-protocol.ts';

interface ControlClientOptions {
  /** @default the daemon's socket of this machine */
  socketPath?: string;
  /** Fencing waits for outstanding disk requests, so it may take a while. @default 30 s */
  timeout_ms?: number;
  /** @default systemClock */
  clock?: Clock;
  /** Ends the wait for the answer; what was asked for may happen all the same. */
  signal?: AbortSignal;
}

/**
 * Sends one request to the target's daemon, on its own connection.
 * @throws SpareError `unreachable` when the daemon is not running or does not answer in time, `stepFailed` with the daemon's own
 * code, message and hint if it refuses or fails.
 */
export async function controlTarget(
  request: ControlRequest,
  options: ControlClientOptions = {},
): Promise<TargetStatus> {
  const { socketPath = controlSocketPath(), timeout_ms = 30_000, clock = systemClock, signal } = options;
  const response = await exchange(request, { socketPath, timeout_ms, clock, ...(signal && { signal }) });
  if (response.ok) return response.result;
  const { code, message, hint } = response.error;
  throw new SpareError('stepFailed', code, message, { hint });
}

/** The status of the daemon and of every host. @throws SpareError like `controlTarget` */
export function requestStatus(options?: ControlClientOptions): Promise<TargetStatus> {
  return controlTarget({ method: 'status' }, options);
}

function exchange(
  request: ControlRequest,
  options: Required<Omit<ControlClientOptions, 'signal'>> & Pick<ControlClientOptions, 'signal'>,
): Promise<ControlResponse> {
  const { socketPath, timeout_ms, clock, signal } = options;
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect({ path: socketPath, ...(signal && { signal }) });
    const fail = (message: string, cause?: unknown): void => {
      socket.destroy();
      const hint = 'Run: systemctl start spare-serve. If it stops again, see why: journalctl -u spare-serve';
      reject(new SpareError('unreachable', 'TARGET_UNREACHABLE', message, { hint, cause }));
    };
    const timer = clock.after(timeout_ms, () =>
      fail(`The target did not answer '${request.method}' within ${timeout_ms} ms`),
    );
    socket.setEncoding('utf8');
    socket.on('connect', () => socket.write(`${JSON.stringify(request)}\n`));
    socket.on('data', (chunk: string) => {
      text += chunk;
      if (!text.includes('\n')) return;
      timer.stop();
      socket.destroy();
      resolve(JSON.parse(text) as ControlResponse);
    });
    socket.on('error', (cause: NodeJS.ErrnoException) => {
      timer.stop();
      fail(`Cannot reach the target at ${socketPath}: ${cause.code}`, cause);
    });
    socket.on('close', () => {
      timer.stop();
      fail('The target closed the connection without an answer');
    });
  });
}
