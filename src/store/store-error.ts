/** An error as the system would give it, for what a store refuses by itself: `EBADF` after `close`, `EROFS`, `EIO`. */
export function storeError(code: 'EBADF' | 'EROFS' | 'EIO', message: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: ${message}`), { code });
}
