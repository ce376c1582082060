/** A number, or one of the lists that exports(5) allows there. */
const ID = /^-?\d+$/;
const FLAVOURS = /^(sys|krb5|krb5i|krb5p)(:(sys|krb5|krb5i|krb5p))*$/;
const TRANSPORTS = /^(none|tls|mtls)(:(none|tls|mtls))*$/;

/** The options of exports(5) that an export of spare may have; those with a value, with its pattern. */
const KNOWN: Readonly<Record<string, RegExp | undefined>> = {
  rw: undefined,
  sync: undefined,
  secure: undefined,
  insecure: undefined,
  wdelay: undefined,
  no_wdelay: undefined,
  subtree_check: undefined,
  no_subtree_check: undefined,
  root_squash: undefined,
  no_root_squash: undefined,
  all_squash: undefined,
  no_all_squash: undefined,
  security_label: undefined,
  anonuid: ID,
  anongid: ID,
  sec: FLAVOURS,
  xprtsec: TRANSPORTS,
};

/** Options that exports(5) has, and that would break what spare promises. */
const REFUSED: Readonly<Record<string, string>> = {
  async: "with 'async', the server acknowledges writes before they are on any disk, and a failover would lose them",
  ro: 'spare exports a volume for reading and writing',
  fsid: 'spare sets fsid= itself, the same on both machines',
  refer: 'it would send clients to another server',
  replicas: 'it would send clients to another server',
};

/** What is wrong with a list of export options as in exports(5): a clause to follow a colon. `undefined` if nothing is. */
export function exportOptionsProblem(text: string): string | undefined {
  for (const option of text.split(',')) {
    const [name = '', ...rest] = option.split('=');
    if (Object.hasOwn(REFUSED, name)) return REFUSED[name];
    if (!Object.hasOwn(KNOWN, name)) {
      return `unknown option '${option}'. Known options: ${Object.keys(KNOWN).join(', ')}`;
    }
    const pattern = KNOWN[name];
    if (pattern ? !pattern.test(rest.join('=')) : rest.length > 0) return `invalid value in '${option}'`;
  }
  return undefined;
}
