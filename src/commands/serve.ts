import { readFileSync } from 'node:fs';
import { Flags } from '@oclif/core';
import { BaseCommand } from '../cli/base-command.ts';
import type { ChapSecret } from '../iscsi/chap.ts';
import { LIMITS } from '../iscsi/limits.ts';
import { SpareError } from '../std/errors.ts';
import { logEvent } from '../target/event-log.ts';
import { aborted, runTargetDaemon } from '../target/run-target-daemon.ts';
import { serveFile } from '../target/serve-file.ts';

/** What `spare serve --json` prints, on one line, as soon as connections are accepted. */
export type ServeReady = { portal: string; iqn: string; lun: number } | { portal: string; pid: number };

/** RFC 7143 §12.1: a secret of less than 96 bits can be guessed from one login that somebody has listened to. */
const MIN_SECRET_BYTES = 12;

const onlyWithFile = { dependsOn: ['file'] };
/** A portal that redirects serves nothing. */
const onlyWithDisk = { ...onlyWithFile, exclusive: ['redirect'] };

export default class Serve extends BaseCommand {
  static override summary = 'run the iSCSI target';
  static override description =
    'Without --file: serves what the configuration says, as a daemon (this is what spare-serve.service runs). With --file: serves one file, for evaluation and tests, with no configuration. Runs until SIGTERM or Ctrl-C, and ends with everything flushed.';
  static override examples = [
    '<%= config.bin %> serve',
    '<%= config.bin %> serve --file disk.img --portal 127.0.0.1:3261 --no-auth --json',
  ];
  static override flags = {
    file: Flags.string({ description: 'serve this file or block device, and nothing else' }),
    portal: Flags.string({ description: 'address:port to listen on [default: 127.0.0.1:3260]', ...onlyWithFile }),
    'no-auth': Flags.boolean({
      description: 'let anybody in; on loopback addresses only',
      exclusive: ['chap-user', 'chap-secret-file'],
      ...onlyWithFile,
    }),
    'chap-user': Flags.string({
      description: 'name that initiators log in with',
      dependsOn: ['file', 'chap-secret-file'],
    }),
    'chap-secret-file': Flags.string({
      description: 'file with the secret that initiators log in with',
      dependsOn: ['file', 'chap-user'],
    }),
    'block-size': Flags.string({
      description: 'logical block size in bytes [default: 512]',
      options: ['512', '4096'],
      ...onlyWithDisk,
    }),
    'physical-block-size': Flags.integer({
      description: 'physical block size in bytes [default: 4096]',
      min: 512,
      max: 65_536,
      ...onlyWithDisk,
    }),
    thin: Flags.boolean({
      description: 'offer UNMAP [default: where the file system can punch holes]',
      allowNo: true,
      ...onlyWithDisk,
    }),
    'read-only': Flags.boolean({ description: 'refuse writes', ...onlyWithDisk }),
    removable: Flags.boolean({ description: 'a medium that can be ejected', ...onlyWithDisk }),
    redirect: Flags.string({
      description:
        'address:port that initiators are sent to, once they have authenticated; nothing is served here, and of the file only the name counts',
      ...onlyWithFile,
    }),
  };

  override async run(): Promise<void> {
    const { flags } = await this.parse(Serve);
    if (flags.file !== undefined) await this.#serveFile(flags.file);
    else {
      await runTargetDaemon(this.interruption.signal, (portal) => {
        this.#ready({ portal, pid: process.pid }, `Accepting connections on ${portal}`);
      });
    }
  }

  /** The line is printed when it is true; there is nothing more to say at the end. */
  override logJson(): void {}

  async #serveFile(path: string): Promise<void> {
    const { flags } = await this.parse(Serve);
    const blockSize_bytes = flags['block-size'] === '4096' ? 4096 : 512;
    const portal = parsePortal('portal', flags.portal ?? '127.0.0.1:3260');
    const served = await serveFile({
      path,
      portal,
      chap: chapFrom(flags),
      redirect: redirectFrom(flags.redirect, portal),
      blockSize_bytes,
      physicalBlockSize_bytes: physicalBlockSize(flags['physical-block-size'], blockSize_bytes),
      thin: flags.thin,
      readOnly: flags['read-only'],
      removable: flags.removable,
      report: logEvent,
    });
    const { iqn, lun } = served;
    const url = `iscsi://${served.portal}/${iqn}/${lun}`;
    const text =
      flags.redirect === undefined ? `Serving ${path} as ${url}` : `Sending initiators of ${url} to ${flags.redirect}`;
    this.#ready({ portal: served.portal, iqn, lun }, text);
    await aborted(this.interruption.signal);
    await served.close();
  }

  #ready(ready: ServeReady, text: string): void {
    process.stdout.write(`${this.jsonEnabled() ? JSON.stringify(ready) : text}\n`);
  }
}

function chapFrom(flags: {
  'no-auth': boolean;
  'chap-user': string | undefined;
  'chap-secret-file': string | undefined;
}): ChapSecret | undefined {
  const { 'chap-user': user, 'chap-secret-file': path } = flags;
  if (user === undefined || path === undefined) {
    if (flags['no-auth']) return undefined;
    throw new SpareError('usage', 'NO_AUTHENTICATION', 'Cannot serve a file as nothing says who may log in', {
      hint: 'Give --chap-user and --chap-secret-file, or --no-auth on a loopback address',
    });
  }
  const secret = readSecret(path);
  if (Buffer.byteLength(secret) >= MIN_SECRET_BYTES) return { user, secret };
  throw new SpareError(
    'usage',
    'SECRET_TOO_SHORT',
    `The secret in ${path} must have at least ${MIN_SECRET_BYTES} bytes`,
    {
      hint: `Make one: openssl rand -hex 16 >${path}`,
    },
  );
}

function readSecret(path: string): string {
  try {
    return readFileSync(path, 'utf8').trimEnd();
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new SpareError('usage', 'SECRET_UNREADABLE', `Cannot read the secret in ${path}: ${code}`, {
      hint: 'Check that the path is right and that this user may read it',
      cause,
    });
  }
}

interface PortalAddress {
  address: string;
  port: number;
}

/** `address:port`, IPv6 in brackets. */
function parsePortal(flag: string, text: string): PortalAddress {
  const [, bracketed, plain, digits] = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9._-]+)):(\d{1,5})$/.exec(text) ?? [];
  const address = bracketed ?? plain;
  const port = Number(digits);
  if (address !== undefined && port <= 65_535 && text.length <= LIMITS.value_bytes) return { address, port };
  throw new SpareError('usage', 'BAD_PORTAL', `The ${flag} must be address:port, it is '${text}'`, {
    hint: `For example: --${flag} 127.0.0.1:3260`,
  });
}

function redirectFrom(text: string | undefined, here: PortalAddress): string | undefined {
  if (text === undefined) return undefined;
  const { address, port } = parsePortal('redirect', text);
  const hint = 'Give the address and the port of the portal that serves the file';
  if (port === 0) {
    throw new SpareError('usage', 'BAD_PORTAL', 'Cannot send initiators to port 0: it means any free port', { hint });
  }
  if (address === here.address && port === here.port) {
    throw new SpareError('usage', 'REDIRECT_TO_ITSELF', `Cannot redirect ${text} to itself`, { hint });
  }
  return text;
}

function physicalBlockSize(size_bytes: number | undefined, blockSize_bytes: number): number | undefined {
  if (size_bytes === undefined) return undefined;
  if (size_bytes >= blockSize_bytes && Number.isInteger(Math.log2(size_bytes))) return size_bytes;
  throw new SpareError(
    'usage',
    'BAD_PHYSICAL_BLOCK_SIZE',
    `The physical block size must be the block size ${blockSize_bytes} times a power of two, it is ${size_bytes}`,
    { hint: 'For example: --physical-block-size 4096' },
  );
}
