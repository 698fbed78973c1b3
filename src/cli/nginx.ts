/** `gangway nginx`: writes an nginx configuration, and keeps the token that it includes fresh. */
import { existsSync, readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { resolve } from 'node:path';
import { systemClock } from '../kit/clock.ts';
import { readEnv } from '../kit/env.ts';
import { writeWhole } from '../kit/write-file.ts';
import { VENDORS } from '../vendors/index.ts';
import { COMMON_FLAGS } from './boot.ts';
import { parseFlags, UsageError } from './flags.ts';
import { nginxText, tokenText } from './nginx-text.ts';
import { printLine } from './print.ts';
import { openSecrets } from './secrets.ts';
import { loadSettings, type Settings } from './settings.ts';

export const NGINX_HELP = `gangway nginx [--to ark|gangway] [--server-name NAME] [--listen ADDRESS]
  [--cert FILE --key FILE] [--token-file FILE] [--out FILE] [--upstream URL]
  [--resolver ADDRESS] [--ca FILE] [--run-dir DIR]
gangway nginx --render-token --token-ref REF [--token-file FILE] [--watch] [--reload COMMAND]

The first writes a complete nginx configuration: /api/doubao/v1/… goes to the real vendor or to
Gangway with the server's token, limited per address. The second writes that token's file.
  --to           ark (default): the vendor itself; gangway: the "listen" of the settings
  --server-name  default _
  --listen       default 80; with a certificate 443, and 80 is sent on to it
  --token-file   default /etc/nginx/gangway-token.conf
  --out          where to write it; default: standard output
  --upstream     another base URL, such as http://127.0.0.1:9000/api/v3
  --resolver     name server for the upstream's name; default: those of /etc/resolv.conf
  --ca           certificates to check the upstream's against; default: the system's
  --run-dir      folder for pid, logs and temporary files of an nginx without root
  --token-ref    env:NAME, file:PATH or vault:MOUNT/PATH#FIELD
  --watch        goes on, and writes the file again when the token changes
  --reload       run after each write, such as 'nginx -s reload'`;

const TOKEN_FILE = '/etc/nginx/gangway-token.conf';
const SECRET_MODE = 0o600;
const PUBLIC_MODE = 0o644;
const WATCH_EVERY_MS = 5_000;
/** Where systems keep the certificates that they trust. */
const CA_FILES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/cert.pem',
];
const RESOLVERS_MAX = 3;
const SERVER_NAME = /^[\w.*-]+( [\w.*-]+)*$/;
const LISTEN = /^[\w.:*[\]-]+$/;

const FLAGS = {
  ...COMMON_FLAGS,
  to: { type: 'string' },
  'server-name': { type: 'string' },
  listen: { type: 'string' },
  cert: { type: 'string' },
  key: { type: 'string' },
  'token-file': { type: 'string' },
  out: { type: 'string' },
  upstream: { type: 'string' },
  resolver: { type: 'string' },
  ca: { type: 'string' },
  'run-dir': { type: 'string' },
  'render-token': { type: 'boolean' },
  'token-ref': { type: 'string' },
  watch: { type: 'boolean' },
  reload: { type: 'string' },
} as const;

type Values = NonNullable<ReturnType<typeof parseFlags<typeof FLAGS>>>['values'];

export async function nginx(args: readonly string[]): Promise<number> {
  const flags = parseFlags(args, FLAGS, NGINX_HELP);
  if (flags === null) return 0;
  const { values } = flags;
  const settings = loadSettings({ env: readEnv(), file: values.config ?? null, flags: {} });
  if (values['render-token'] === true) return renderToken(values, settings);
  const text = writeText(values, settings);
  if (values.out === undefined) process.stdout.write(text);
  else {
    writeWhole(values.out, text, PUBLIC_MODE);
    printLine(`Written: ${values.out}. Try it: nginx -t -c ${resolve(values.out)}`);
  }
  return 0;
}

function writeText(values: Values, settings: Settings): string {
  const to = values.to ?? 'ark';
  if (to !== 'ark' && to !== 'gangway') throw new UsageError('--to: ark or gangway.');
  const named = readUpstream(values.upstream ?? upstreamOf(to, settings));
  // A gateway's address alone is enough: there is one path for this.
  const isBare = to === 'gangway' && named.pathname === '/';
  const upstream = isBare ? new URL(OWN_PATH, named) : named;
  const serverName = values['server-name'] ?? '_';
  if (!SERVER_NAME.test(serverName)) throw new UsageError('--server-name: not a name.');
  const { cert, key } = values;
  if ((cert === undefined) !== (key === undefined)) {
    throw new UsageError('--cert and --key go together.');
  }
  const tls =
    cert === undefined || key === undefined ? null : { cert: resolve(cert), key: resolve(key) };
  const listen = values.listen ?? (tls === null ? '80' : '443');
  if (!LISTEN.test(listen)) throw new UsageError('--listen: PORT or ADDRESS:PORT.');
  return nginxText({
    upstream,
    tellsAddress: to === 'gangway',
    serverName,
    listen,
    tls,
    tokenFile: resolve(values['token-file'] ?? TOKEN_FILE),
    resolvers: readResolvers(values, upstream),
    caFile: findCa(values, upstream),
    runDir: values['run-dir'] === undefined ? null : resolve(values['run-dir']),
  });
}

/** Where Gangway itself serves what nginx asks of it. */
const OWN_PATH = '/api/doubao/v1';

function upstreamOf(to: 'ark' | 'gangway', settings: Settings): string {
  if (to === 'ark') return VENDORS.ark?.baseUrl ?? '';
  const scheme = settings.tls.cert === null ? 'http' : 'https';
  return `${scheme}://${settings.listen}${OWN_PATH}`;
}

function readUpstream(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  const good = url?.protocol === 'http:' || url?.protocol === 'https:';
  if (
    url === null ||
    !good ||
    url.username !== '' ||
    url.search !== '' ||
    /['"$;{}\s]/.test(text)
  ) {
    throw new UsageError('--upstream: a base URL such as https://host/api/v3.');
  }
  return url;
}

function readResolvers(values: Values, upstream: URL): readonly string[] {
  const hostname = upstream.hostname.replace(/^\[|\]$/g, '');
  if (isIP(hostname) !== 0) return [];
  const lines = existsSync('/etc/resolv.conf') ? readFileSync('/etc/resolv.conf', 'utf8') : '';
  const found = [...lines.matchAll(/^nameserver\s+([\da-fA-F.:]+)\s*$/gm)].map((match) => match[1]);
  const wanted = values.resolver === undefined ? found : [values.resolver];
  const addresses = wanted.filter((one) => one !== undefined && isIP(one) !== 0);
  if (addresses.length === 0) throw new UsageError('--resolver: the address of a name server.');
  return addresses
    .slice(0, RESOLVERS_MAX)
    .map((address) => (isIP(address ?? '') === 6 ? `[${address}]` : `${address}`));
}

function findCa(values: Values, upstream: URL): string | null {
  if (upstream.protocol !== 'https:') return null;
  const found = values.ca ?? CA_FILES.find((path) => existsSync(path));
  if (found === undefined) throw new UsageError('--ca: a file of trusted certificates is needed.');
  return resolve(found);
}

async function renderToken(values: Values, settings: Settings): Promise<number> {
  const reference = values['token-ref'];
  if (reference === undefined || !/^(env|file|vault):/.test(reference)) {
    throw new UsageError('--token-ref: env:NAME, file:PATH or vault:MOUNT/PATH#FIELD.');
  }
  const path = resolve(values['token-file'] ?? TOKEN_FILE);
  const secrets = await openSecrets(settings, readEnv());
  let last = '';
  const renew = async (): Promise<void> => {
    const text = tokenText(await secrets.read(reference));
    if (text === last) return;
    writeWhole(path, text, SECRET_MODE);
    if (values.reload !== undefined) await runReload(values.reload);
    last = text;
    printLine(`Written: ${path}`);
  };
  await renew();
  if (values.watch !== true) return 0;
  const stopped = Promise.withResolvers<void>();
  let going = true;
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      going = false;
      stopped.resolve();
    });
  }
  while (going) {
    await Promise.race([systemClock.sleep(WATCH_EVERY_MS), stopped.promise]);
    if (!going) break;
    await renew().catch((error: unknown) => {
      const why = error instanceof Error ? error.message : 'unreadable';
      process.stderr.write(`gangway nginx: ${reference}: ${why}; the last token stays\n`);
    });
  }
  return 0;
}

async function runReload(command: string): Promise<void> {
  const child = Bun.spawn(['sh', '-c', command], { stdio: ['ignore', 'inherit', 'inherit'] });
  const code = await child.exited;
  if (code !== 0) throw new Error(`"${command}" ended with ${code}`);
}
