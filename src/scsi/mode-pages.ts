/** A mode page as bytes from its page code on, with the bits that MODE SELECT may change (SPC-4 §7.5). */
interface ModePage {
  readonly code: number;
  readonly defaults: Buffer;
  readonly changeable: Buffer;
  current: Buffer;
}

export interface ModePagesOptions {
  /** WCE at the start, and whether an initiator may change it: it can ask for more safety than the unit has, never for less. */
  writeCache: boolean;
}

/** Which values MODE SENSE asks for: the page control field (SPC-4 §6.11.1). */
export type PageControl = 'current' | 'changeable' | 'default';

const CACHING = 0x08;
const CONTROL = 0x0a;

/** The mode pages of the unit and what they mean to it. */
export class ModePages {
  readonly #pages: readonly ModePage[];

  constructor(options: ModePagesOptions) {
    this.#pages = [
      // Read-write error recovery (SBC-3 §6.4.8): AWRE and ARRE, as the host's own disk does it.
      page([0x01, 0x0a, 0xc0]),
      // Caching (SBC-3 §6.4.5): WCE.
      page([CACHING, 0x12, options.writeCache ? 0x04 : 0x00], { 2: options.writeCache ? 0x04 : 0x00 }),
      // Control (SPC-4 §7.5.8): D_SENSE, SWP; one task set (TST 0), unrestricted reordering (1).
      page([CONTROL, 0x0a, 0x00, 0x10], { 2: 0x04, 4: 0x08 }),
      // Informational exceptions control (SPC-4 §7.5.11): none are reported (MRIE 0), nothing may be changed.
      page([0x1c, 0x0a, 0x08]),
    ];
  }

  get writeCache(): boolean {
    return (this.#byte(CACHING, 2) & 0x04) !== 0;
  }

  get descriptorSense(): boolean {
    return (this.#byte(CONTROL, 2) & 0x04) !== 0;
  }

  get softwareWriteProtect(): boolean {
    return (this.#byte(CONTROL, 4) & 0x08) !== 0;
  }

  /** Pages with that code, or all of them for 3Fh; empty if there is none. */
  read(code: number, control: PageControl): Buffer[] {
    return this.#pages
      .filter((candidate) => code === 0x3f || candidate.code === code)
      .map((candidate) => valuesOf(candidate, control));
  }

  /**
   * The new values of one page.
   *
   * @returns the position of the first bit that cannot be changed, or of the first wrong byte; -1 if the page can be `apply`ed
   */
  check(values: Buffer): number {
    const target = this.#find(values);
    if (target === undefined) return 0;
    if (values.length !== target.current.length || values[1] !== target.current[1]) return 1;
    for (let at = 2; at < values.length; at += 1) {
      const changed = (values[at] ?? 0) ^ (target.current[at] ?? 0);
      if ((changed & ~(target.changeable[at] ?? 0)) !== 0) return at;
    }
    return -1;
  }

  /** @returns whether anything changed */
  apply(values: Buffer): boolean {
    const target = this.#find(values);
    if (target === undefined || target.current.equals(values)) return false;
    target.current = Buffer.from(values);
    return true;
  }

  reset(): void {
    for (const each of this.#pages) each.current = Buffer.from(each.defaults);
  }

  #find(values: Buffer): ModePage | undefined {
    return this.#pages.find((candidate) => candidate.code === values[0]);
  }

  #byte(code: number, at: number): number {
    return this.#pages.find((candidate) => candidate.code === code)?.current[at] ?? 0;
  }
}

function page(bytes: readonly number[], changeableBits: Record<number, number> = {}): ModePage {
  const [code = 0, length_bytes = 0] = bytes;
  const defaults = Buffer.alloc(length_bytes + 2);
  defaults.set(bytes);
  const changeable = Buffer.alloc(defaults.length);
  changeable.set([code, length_bytes]);
  for (const [at, bits] of Object.entries(changeableBits)) changeable[Number(at)] = bits;
  return { code, defaults, changeable, current: Buffer.from(defaults) };
}

function valuesOf(source: ModePage, control: PageControl): Buffer {
  if (control === 'changeable') return source.changeable;
  return control === 'default' ? source.defaults : source.current;
}
