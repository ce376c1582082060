import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { monotonic_ms, systemClock } from '../../src/std/clock.ts';
import { within } from '../../src/std/within.ts';
import type { LoadedTarget } from '../loaded-target.ts';

const START_TIMEOUT_MS = 15_000;
const CONNECT_TIMEOUT_MS = 10_000;
const POLL_INTERVAL_MS = 2;
export const INITIATOR_NAME = 'iqn.2026-01.example.bench:load-generator';

/** One target with one LUN, and who may log in to it. */
export interface ServedHost extends LoadedTarget {
  name: string;
  file: string;
  size_bytes: number;
}

export interface TargetAddress {
  host: string;
  port: number;
  hosts: readonly ServedHost[];
}

/** A daemon that serves files on loopback, each as LUN 1: writes go to the page cache, a flush is an honest one. */
export interface Target extends TargetAddress {
  name: string;
  /** Of the first process: others may descend from it. */
  pid: number;
  /** From starting the process to its accepting connections. */
  start_ms: number;
  stop(): Promise<void>;
}

export interface ProfileRequest {
  /** V8's profiler writes a file there for each process of the daemon when it ends. */
  profileFolder: string;
}

/** How to start one kind of daemon. */
export interface Starter {
  /** One file, for anybody. */
  serveFile(file: string, profile?: ProfileRequest): Promise<Target>;
  /** A target for each host, each with its CHAP secret, behind one portal. */
  serveHosts(hosts: readonly ServedHost[], profile?: ProfileRequest): Promise<Target>;
}

/** Of the first host, for clients that load one LUN without authentication. */
export function urlOf({ host, port, hosts }: TargetAddress): string {
  return `iscsi://${host}:${port}/${hosts[0]?.iqn}/1`;
}

/**
 * Environment for a process of Node and those that descend from it. Node's permission model, under which the hosts' processes run, would keep
 * the profiler from writing, so that with the profiler they may do everything.
 */
export function profilerEnvironment(profile: ProfileRequest | undefined): NodeJS.ProcessEnv {
  if (profile === undefined) return {};
  const kinds = ['fs-read=*', 'fs-write=*', 'child-process', 'net', 'ffi', 'addons', 'worker', 'inspector'];
  const allowed = kinds.map((kind) => `--allow-${kind}`).join(' ');
  return { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${profile.profileFolder} --permission ${allowed}` };
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('Cannot find a free port');
  return address.port;
}

export async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  const connected = once(socket, 'connect').then(
    () => true,
    () => false,
  );
  const isConnected = await within(CONNECT_TIMEOUT_MS, connected, systemClock);
  socket.destroy();
  return isConnected ?? false;
}

/** @throws {Error} after 15 s. */
export async function waitFor(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadline = monotonic_ms() + START_TIMEOUT_MS;
  while (!(await condition())) {
    if (monotonic_ms() > deadline) throw new Error(`Cannot start ${what}: not ready after ${START_TIMEOUT_MS} ms`);
    await systemClock.sleep(POLL_INTERVAL_MS);
  }
}
