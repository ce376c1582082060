/**
 * The process of one host: serves its LUNs on the connections that the daemon hands over. It can access the host's folder in the
 * pool and nothing else (`host-permissions.ts`), so that neither a bug nor an initiator exploiting one can reach another host.
 *
 * It ignores signals from a terminal or a service manager: the daemon handles them and ends its processes in order. When the daemon is gone, this process ends.
 */
import { Socket } from 'node:net';
import { availableParallelism } from 'node:os';
import { ConnectionSet } from '../iscsi/connection-set.ts';
import { LIMITS } from '../iscsi/limits.ts';
import type { TargetDirectory } from '../iscsi/target-directory.ts';
import { systemClock } from '../std/clock.ts';
import { eventOf, type SpareEvent } from '../std/event.ts';
import { giveWay } from './give-way.ts';
import { type HostRequest, LEG_NOT_FLUSHED, type MessageFromHost, type MessageToHost } from './host-messages.ts';
import { HostTarget } from './host-target.ts';
import { asTargetError } from './target-error.ts';

/** An idle session is pinged after this time, so that "last PDU" keeps showing whether the primary is alive. */
const PING_INTERVAL_MS = 1_000;
const OPEN_AGAIN_MS = 1_000;

giveWay();

const clock = systemClock;

let host: HostTarget | undefined;
/** By the name of the volume. */
const whyNotServed = new Map<string, string>();
let ending: Promise<void> | undefined;

const directory: TargetDirectory = {
  /** Every host has a secret: an initiator that names no host fails in the same way as one with a wrong secret. */
  authenticationRequired: true,
  find: (name) => (name === host?.target.name ? host.target : undefined),
  visibleTo: (initiatorName) => (initiatorName === host?.target.credentials.initiatorName ? host.target : undefined),
};
const connections = new ConnectionSet({ directory, pingInterval_ms: PING_INTERVAL_MS, report, clock });

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
process.on('disconnect', () => void end());
process.on('message', (message: MessageToHost, socket: unknown) => receive(message, socket));

function receive(message: MessageToHost, socket: unknown): void {
  switch (message.kind) {
    case 'serve':
      if (message.configuration) {
        const { configuration, folder, failed, heardPath } = message;
        const told = { onOpen: reportLeg, onLost: reportLoss, onFailed: reportFailure, report };
        serve(new HostTarget(configuration, folder, { failed, heardPath, clock, ...told }));
      }
      break;
    case 'neighbours':
      connections.budget.limit_bytes = Math.max(LIMITS.allData_bytes / message.hosts, LIMITS.leastShare_bytes);
      // Busy polling only pays if it takes no processor from another host.
      connections.busyPoll.allowed = message.hosts < availableParallelism();
      break;
    case 'lease':
      if (host) host.lease_s = message.lease_s;
      break;
    case 'connection':
      // The peer may have disconnected in the meantime.
      if (socket instanceof Socket) connections.adopt(socket, Buffer.from(message.received));
      break;
    case 'request':
      void answer(message.id, message.request);
      break;
    case 'failed':
      host?.condemn(message.volume);
      break;
    case 'end':
      void end();
  }
}

function serve(target: HostTarget): void {
  host = target;
  // Nobody can log in before the records are up to date.
  target.start();
  open(
    target,
    target.configuration.volumes.map(({ name }) => name),
  );
}

/**
 * A disk that is missing, or still locked by another process, is no reason to end: the initiator is told to retry, the administrator
 * sees the reason, and the open is retried.
 */
function open(target: HostTarget, volumes: readonly string[]): void {
  if (ending) return;
  const missing = volumes.filter((volume) => !isOpened(target, volume));
  if (missing.length > 0) clock.after(OPEN_AGAIN_MS, () => open(target, missing));
}

function isOpened(target: HostTarget, volume: string): boolean {
  try {
    target.open(volume);
    whyNotServed.delete(volume);
    reportLoss(volume);
    return true;
  } catch (error) {
    if (whyNotServed.get(volume) !== String(error)) {
      whyNotServed.set(volume, String(error));
      const facts = { volume, error: String(error) };
      report(eventOf('not-served', { host: target.configuration.name, facts }));
    }
    return false;
  }
}

function reportLoss(volume: string): void {
  const lost = host?.unit(volume).lost ?? [];
  if (!host || lost.length === 0) return;
  const lost_bytes = lost.reduce((sum, { length_bytes }) => sum + length_bytes, 0);
  const facts = { volume, ranges: lost.length, lost_bytes };
  report(eventOf('unclean', { host: host.configuration.name, facts }));
}

function reportLeg(volume: string, isOpen: boolean, flushed: boolean): void {
  send({ kind: 'leg', volume, isOpen, flushed });
}

function reportFailure(volume: string, failed: boolean): void {
  send({ kind: 'failed', volume, failed });
}

async function answer(id: number, request: HostRequest): Promise<void> {
  try {
    if (!host) throw new Error('There is no host here');
    if (request !== 'status') await host.settle();
    if (typeof request === 'object') await host.accept(request.accept);
    else if (request !== 'status') await host[request]();
    send({ kind: 'answer', id, status: host.status() });
  } catch (error) {
    const { kind, code, message, hint } = asTargetError(error);
    send({ kind: 'failure', id, error: { kind, code, message, hint } });
  }
}

/** Runs once, however often it is requested. */
function end(): Promise<void> {
  ending ??= endInOrder();
  return ending;
}

async function endInOrder(): Promise<void> {
  let exitCode = 0;
  try {
    await connections.close();
  } catch (error) {
    console.error(String((error as Error).stack));
    exitCode = 1;
  }
  try {
    await host?.close('the daemon is stopping');
  } catch (error) {
    console.error(String((error as Error).stack));
    exitCode = LEG_NOT_FLUSHED;
  }
  process.exit(exitCode);
}

function report(event: SpareEvent): void {
  send({ kind: 'event', event });
}

/** When the daemon is gone there is nobody to report to. */
function send(message: MessageFromHost): void {
  // It may go while the message is on its way: without the callback that would be an error that ends this process, with the leg not flushed.
  if (process.connected) process.send?.(message, () => {});
}
