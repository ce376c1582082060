import { readFileSync } from 'node:fs';
import type { ChapSecret } from '../iscsi/chap.ts';
import { LIMITS } from '../iscsi/limits.ts';
import { SpareError } from '../std/errors.ts';
import type { ServeFileOptions } from './serve-file.ts';

/** The options of `spare serve --file`, as typed. */
export interface ServeRequest {
  path: string;
  /** `address:port`. @default `127.0.0.1:3260` */
  portal?: string | undefined;
  noAuthentication: boolean;
  chapUser?: string | undefined;
  chapSecretFile?: string | undefined;
  /** @default 512 */
  blockSize?: '512' | '4096' | undefined;
  physicalBlockSize_bytes?: number | undefined;
  thin?: boolean | undefined;
  readOnly: boolean;
  removable: boolean;
  redirect?: string | undefined;
}

/** RFC 7143 §12.1: a secret shorter than 96 bits can be guessed from one recorded login. */
const MIN_SECRET_BYTES = 12;

/** @throws SpareError `usage` for the first invalid option, before anything is opened. */
export function serveFileOptions(request: ServeRequest): Omit<ServeFileOptions, 'report' | 'clock'> {
  const { path, thin, readOnly, removable } = request;
  const blockSize_bytes = request.blockSize === '4096' ? 4096 : 512;
  const portal = parsePortal('portal', request.portal ?? '127.0.0.1:3260');
  return {
    path,
    portal,
    chap: chapFrom(request),
    redirect: redirectFrom(request.redirect, portal),
    blockSize_bytes,
    physicalBlockSize_bytes: physicalBlockSize(request.physicalBlockSize_bytes, blockSize_bytes),
    thin,
    readOnly,
    removable,
  };
}

function chapFrom({ noAuthentication, chapUser: user, chapSecretFile: path }: ServeRequest): ChapSecret | undefined {
  if (user === undefined || path === undefined) {
    if (noAuthentication) return undefined;
    throw new SpareError('usage', 'NO_AUTHENTICATION', 'Cannot serve a file without authentication settings', {
      hint: 'Add --chap-user and --chap-secret-file, or --no-auth on a loopback address',
    });
  }
  const secret = readSecret(path);
  if (Buffer.byteLength(secret) >= MIN_SECRET_BYTES) return { user, secret };
  throw new SpareError(
    'usage',
    'SECRET_TOO_SHORT',
    `The secret in ${path} must have at least ${MIN_SECRET_BYTES} bytes`,
    {
      hint: `Create one. Run: openssl rand -hex 16 >${path}`,
    },
  );
}

function readSecret(path: string): string {
  try {
    return readFileSync(path, 'utf8').trimEnd();
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new SpareError('usage', 'SECRET_UNREADABLE', `Cannot read the secret in ${path}: ${code}`, {
      hint: 'Check the path, and that this user may read it',
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
  throw new SpareError('usage', 'BAD_PORTAL', `Invalid --${flag} '${text}': expected address:port`, {
    hint: `Example: --${flag} 127.0.0.1:3260`,
  });
}

function redirectFrom(text: string | undefined, here: PortalAddress): string | undefined {
  if (text === undefined) return undefined;
  const { address, port } = parsePortal('redirect', text);
  const hint = 'Specify the address and port of the portal that serves the file';
  if (port === 0) {
    throw new SpareError('usage', 'BAD_PORTAL', 'Cannot redirect initiators to port 0: it means any free port', {
      hint,
    });
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
    `Invalid physical block size ${size_bytes}: expected the block size ${blockSize_bytes} times a power of two`,
    { hint: 'Example: --physical-block-size 4096' },
  );
}
