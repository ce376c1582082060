import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where spare is installed: the folder with `bin`, `src` and `templates`. */
export const installRoot: string = join(import.meta.dirname, '..', '..');

/**
 * A file of `templates/` with its `{{placeholders}}` filled in.
 * @param name Path below `templates/`, e.g. `systemd/spare-serve.service`.
 * @throws Error when a placeholder has no value, or a value no placeholder: both are defects of ours.
 */
export function renderTemplate(name: string, values: Readonly<Record<string, string>>): string {
  const unused = new Set(Object.keys(values));
  const text = readFileSync(join(installRoot, 'templates', name), 'utf8').replaceAll(/\{\{(\w+)\}\}/g, (_match, key: string) => {
    const value = values[key];
    if (value === undefined) throw new Error(`Cannot render ${name} as '${key}' has no value`);
    unused.delete(key);
    return value;
  });
  if (unused.size > 0) throw new Error(`Cannot render ${name} as it has no place for: ${[...unused].join(', ')}`);
  return text;
}
