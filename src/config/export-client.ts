import { isIP, isIPv4 } from 'node:net';

/** exports(5): host names, with wildcards and classes of characters. */
const HOST = /^[A-Za-z*?[][\w.*?[\]-]*$/;
const NETGROUP = /^@[\w.-]+$/;

/** Whether `text` is one client as exports(5) takes it: an address, a network, a host name with wildcards, or a netgroup. */
export function isExportClient(text: string): boolean {
  const [address = '', mask, ...more] = text.split('/');
  const version = isIP(address);
  if (version === 0) return HOST.test(text) || NETGROUP.test(text);
  if (mask === undefined) return true;
  if (more.length > 0) return false;
  return /^\d{1,3}$/.test(mask) ? Number(mask) <= (version === 4 ? 32 : 128) : version === 4 && isIPv4(mask);
}
