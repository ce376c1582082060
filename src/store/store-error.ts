/** An error like those of the system, for requests that the store itself refuses: `EBADF` after `close`, `EROFS`, `EIO`. */
export function storeError(code: 'EBADF' | 'EROFS' | 'EIO', message: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: ${message}`), { code });
}
