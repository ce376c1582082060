import { statSync } from 'node:fs';
import { basename } from 'node:path';
import type { ChapSecret } from '../iscsi/chap.ts';
import { ConnectionSet } from '../iscsi/connection-set.ts';
import { Portal } from '../iscsi/portal.ts';
import { Target } from '../iscsi/target.ts';
import type { TargetDirectory } from '../iscsi/target-directory.ts';
import { LogicalUnit } from '../scsi/logical-unit.ts';
import { TargetDevice } from '../scsi/target-device.ts';
import type { Clock } from '../std/clock.ts';
import { SpareError } from '../std/errors.ts';
import { type EventLog, eventOf } from '../std/event.ts';
import { openFileStore } from '../store/open-file-store.ts';
import { listenOrExplain } from './listen.ts';

/** Of the only unit here. */
const LUN = 1;

export interface ServeFileOptions {
  /** An existing file or block device; with a redirect only its name is used. */
  path: string;
  portal: { address: string; port: number };
  /** The credentials for initiators; `undefined` means no authentication. */
  chap: ChapSecret | undefined;
  /** The portal to which every initiator is redirected: nothing is served here. */
  redirect?: string | undefined;
  blockSize_bytes: 512 | 4096;
  /** @default depends on the block size */
  physicalBlockSize_bytes?: number | undefined;
  /** @default depends on the file system */
  thin?: boolean | undefined;
  readOnly: boolean;
  removable: boolean;
  report: EventLog;
  clock: Clock;
}

export interface ServedFile {
  portal: string;
  iqn: string;
  lun: number;
  /** Ends the sessions, flushes, closes. */
  close(): Promise<void>;
}

/**
 * Serves one file, for evaluation and tests, without a configuration. Write-back: durable after SYNCHRONIZE CACHE or with FUA.
 * Persistent reservations that must survive a restart are kept beside the file.
 * @throws SpareError for invalid options, before anything is served.
 */
export async function serveFile(options: ServeFileOptions): Promise<ServedFile> {
  guardPortal(options);
  const iqn = iqnFor(options.path);
  // The target of the redirect may have the file open.
  const unit = options.redirect !== undefined ? undefined : openUnit(options, iqn);
  const target = new Target({
    name: iqn,
    luns: [LUN],
    deviceServer: unit && new TargetDevice([{ lun: LUN, unit }]),
    fenced: false,
    ...(options.redirect !== undefined && { redirect: options.redirect }),
    ...(options.chap && { chap: options.chap }),
  });
  const connections = new ConnectionSet({
    directory: directoryOf(target),
    pingInterval_ms: undefined,
    report: options.report,
    clock: options.clock,
  });
  const portal = new Portal({ ...options.portal, accept: (socket) => connections.adopt(socket) });
  const close = async (): Promise<void> => {
    portal.close();
    await connections.close();
    await new Promise<void>((resolve) => target.sessions.endAll('the target is stopping', resolve));
    if (!unit) return;
    await new Promise<void>((resolve, reject) => unit.close((error) => (error ? reject(error) : resolve())));
  };
  try {
    return { portal: await listenOrExplain(portal, options.portal), iqn, lun: LUN, close };
  } catch (error) {
    unit?.close(() => {});
    throw error;
  }
}

function openUnit(options: ServeFileOptions, iqn: string): LogicalUnit {
  const { path, blockSize_bytes, physicalBlockSize_bytes, thin, readOnly, removable } = options;
  const store = openFileStore({ path, readOnly });
  const facts = { path, thin: store.thin, cachedReads: store.cachedReads };
  options.report(eventOf('store-opened', { facts }));
  if (store.size_bytes % blockSize_bytes !== 0) {
    store.close(() => {});
    throw new SpareError(
      'usage',
      'SIZE_NOT_WHOLE_BLOCKS',
      `Cannot serve ${path}: its size of ${store.size_bytes} bytes is not a multiple of the block size ${blockSize_bytes}`,
      { hint: 'Use the other --block-size, or change the size with truncate' },
    );
  }
  return new LogicalUnit({
    store,
    identity: `${iqn},lun${LUN}`,
    blockSize_bytes,
    ...(physicalBlockSize_bytes !== undefined && { physicalBlockSize_bytes }),
    ...(thin !== undefined && { thin }),
    readOnly,
    removable,
    writeCache: true,
    ...(!readOnly && statSync(path).isFile() && { reservationsPath: `${path}.reservations` }),
  });
}

/** Without authentication, anybody who can reach the portal can overwrite the file. */
function guardPortal({ chap, portal: { address } }: ServeFileOptions): void {
  const isLoopback = address === 'localhost' || address === '::1' || address.startsWith('127.');
  if (chap || isLoopback) return;
  throw new SpareError(
    'usage',
    'OPEN_PORTAL',
    `Cannot serve without authentication on ${address}: it is not a loopback address`,
    {
      hint: 'Add --chap-user and --chap-secret-file, or use a portal on 127.0.0.1',
    },
  );
}

function directoryOf(target: Target): TargetDirectory {
  return {
    authenticationRequired: target.credentials.chap !== undefined,
    find: (name) => (name === target.name ? target : undefined),
    visibleTo: () => target,
  };
}

/** RFC 3722: lower case letters, digits, dashes and dots. */
function iqnFor(path: string): string {
  const name = basename(path)
    .toLowerCase()
    .replaceAll(/[^a-z0-9.-]+/g, '-');
  return `iqn.2026-11.net.spare:${name}`;
}
