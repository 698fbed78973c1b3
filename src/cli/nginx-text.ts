/** The text of an nginx configuration that stands in front of a chat vendor, or of Gangway. */
import { isIP } from 'node:net';
import { writeFault } from '../dialects/openai-chat/fault.ts';
import { Fault, type FaultCode } from '../kit/fault.ts';

export interface NginxWish {
  /** Where calls go; its path takes the place of /api/doubao/v1. */
  readonly upstream: URL;
  /** Gangway is told the caller's address; a vendor is not. */
  readonly tellsAddress: boolean;
  readonly serverName: string;
  /** As nginx's `listen` takes it, without `ssl`. */
  readonly listen: string;
  readonly tls: { readonly cert: string; readonly key: string } | null;
  /** Absolute; what renderToken writes. */
  readonly tokenFile: string;
  /** Addresses of name servers; needed where the upstream is a name. */
  readonly resolvers: readonly string[];
  /** Certificates that the upstream's is checked against. */
  readonly caFile: string | null;
  /** Absolute; for pid, logs and temporary files of a run without root. */
  readonly runDir: string | null;
}

const DOOR = '/api/doubao/v1';
/** nginx's own refusals and the faults that they are. */
const REFUSALS: readonly (readonly [status: number, code: FaultCode])[] = [
  [413, 'body_too_large'],
  [429, 'address_limit_exceeded'],
  [502, 'vendor_unreachable'],
  [504, 'vendor_timeout'],
];
const TEMP_KINDS = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];

export function nginxText(wish: NginxWish): string {
  const base = wish.upstream.pathname.replace(/\/+$/, '');
  return `# Written by "gangway nginx". No secret stands here: the token is in
# ${wish.tokenFile}, kept fresh by
#   gangway nginx --render-token --token-ref env:NAME|file:PATH|vault:MOUNT/PATH#FIELD \\
#     --token-file ${wish.tokenFile} --watch --reload 'nginx -s reload'
worker_processes auto;
${runLines(wish.runDir)}events { worker_connections 4096; }

http {
  server_tokens off;
${tempLines(wish.runDir)}
  # Defines $doubao_access_token. Without this file nginx does not start, so no call goes out
  # with the caller's own Authorization.
  include ${quote(wish.tokenFile)};

  # One request a second and address, 5 more at once; the rest gets 429.
  limit_req_zone $binary_remote_addr zone=doubao_limit:10m rate=1r/s;
  limit_req_status 429;

  # The path as the caller wrote it: $uri is decoded, and would let a line break through. No way
  # up and nothing encoded, so that the token opens no other path of that host.
  map $request_uri $doubao_path {
    default "";
    "~^[^?]*\\.\\." "";
    "~^${DOOR}(?<doubao_rest>(/[\\w:~@.-]+)+(\\?.*)?)$" "${base}$doubao_rest";
  }
${redirectServer(wish)}
  server {
    listen ${wish.listen}${wish.tls === null ? '' : ' ssl'};
    server_name ${wish.serverName};
${tlsLines(wish)}
    client_max_body_size 32m;
    limit_req zone=doubao_limit burst=5 nodelay;

    location /api/doubao/ {
      default_type application/json;
      if ($doubao_path = "") { return 404 ${body('not_found')}; }
${proxyLines(wish)}
    }

    location / {
      default_type application/json;
      return 404 ${body('not_found')};
    }
${REFUSALS.map(refusalLines).join('\n')}
  }
}
`;
}

/** The file that the configuration includes. Throws where the token cannot stand in it. */
export function tokenText(token: string): string {
  // Anything else could end the directive and begin another.
  if (!TOKEN.test(token)) {
    throw new Error('the token has characters that no bearer token has, or is too long');
  }
  return `# Written by "gangway nginx --render-token". A secret: keep its mode 0600.
map $host $doubao_access_token { default "${token}"; }
`;
}

/** nginx takes no directive beyond 4,096 characters. */
const TOKEN = /^[\w.~+/=:-]{1,3900}$/;

function proxyLines({ upstream, tellsAddress, resolvers, caFile }: NginxWish): string {
  const isName = isIP(upstream.hostname.replace(/^\[|\]$/g, '')) === 0;
  const lines = [
    // With a variable in it the name is looked up again when its time is over, not once at start.
    ...(isName ? [`resolver ${resolvers.join(' ')} valid=60s ipv6=off;`] : []),
    `proxy_pass ${upstream.origin}$doubao_path;`,
    'proxy_http_version 1.1;',
    `proxy_set_header Host ${upstream.host};`,
    'proxy_set_header Authorization "Bearer $doubao_access_token";',
    ...['Connection', 'Accept-Encoding', 'Cookie', 'X-Api-Key', 'X-Forwarded-Host'].map(
      (name) => `proxy_set_header ${name} "";`,
    ),
    `proxy_set_header X-Forwarded-For ${tellsAddress ? '$remote_addr' : '""'};`,
    ...(upstream.protocol === 'https:'
      ? [
          'proxy_ssl_server_name on;',
          `proxy_ssl_name ${upstream.hostname};`,
          'proxy_ssl_protocols TLSv1.2 TLSv1.3;',
          'proxy_ssl_verify on;',
          'proxy_ssl_verify_depth 4;',
          `proxy_ssl_trusted_certificate ${quote(caFile ?? '')};`,
        ]
      : []),
    'proxy_redirect off;',
    '# Each event of a stream goes out as it comes; models may think for long.',
    'proxy_buffering off;',
    'gzip off;',
    'proxy_connect_timeout 10s;',
    'proxy_send_timeout 60s;',
    'proxy_read_timeout 1800s;',
  ];
  return lines.map((line) => `      ${line}`).join('\n');
}

function refusalLines([status, code]: (typeof REFUSALS)[number]): string {
  const { retry } = new Fault(code);
  const headers = [
    ...(status === 429 ? ['add_header Retry-After 1 always;'] : []),
    `add_header X-Should-Retry ${retry} always;`,
  ];
  return `
    error_page ${status} @refused_${status};
    location @refused_${status} {
      default_type application/json;
      ${headers.join('\n      ')}
      return ${status} ${body(code)};
    }`;
}

/** Gangway's envelope; nginx puts its own id into it. */
function body(code: FaultCode): string {
  return quote(writeFault(new Fault(code), 'req_$request_id'));
}

function tlsLines({ tls }: NginxWish): string {
  if (tls === null) return '';
  return `    ssl_certificate ${quote(tls.cert)};
    ssl_certificate_key ${quote(tls.key)};
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_session_cache shared:doubao_tls:5m;
`;
}

/** Who comes to port 80 of a server with a certificate is sent on. */
function redirectServer({ tls, listen, serverName }: NginxWish): string {
  if (tls === null || listen !== '443') return '';
  return `
  server {
    listen 80;
    server_name ${serverName};
    return 308 https://$host$request_uri;
  }
`;
}

function runLines(dir: string | null): string {
  return dir === null
    ? ''
    : `pid ${quote(`${dir}/nginx.pid`)};
error_log ${quote(`${dir}/error.log`)};
`;
}

function tempLines(dir: string | null): string {
  if (dir === null) return '';
  const temps = TEMP_KINDS.map((kind) => `  ${kind}_temp_path ${quote(`${dir}/${kind}`)};`);
  return [`  access_log ${quote(`${dir}/access.log`)};`, ...temps, ''].join('\n');
}

function quote(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
