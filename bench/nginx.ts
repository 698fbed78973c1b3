/** The yardstick: nginx `proxy_pass`, one worker, set up as section 6.4 of the protocol says. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Contestant, StartOptions } from './contestant.ts';
import { freePort, launch, listens, until } from './contestant.ts';

const BINARIES = ['/usr/sbin/nginx', '/usr/local/sbin/nginx', '/usr/bin/nginx'];
const READY_MS = 10_000;
const KEY = 'sk-bench-nginx';

/** nginx answers 401 here without looking: the least that a refusal can cost. */
export const REFUSED_PATH = '/refused';

interface Ports {
  readonly own: number;
  readonly mock: number;
}

function config(dir: string, ports: Ports): string {
  const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `  ${name}_temp_path ${dir}/${name};`)
    .join('\n');
  return `daemon off;
user root;
worker_processes 1;
worker_rlimit_nofile 20000;
pid ${dir}/nginx.pid;
error_log ${dir}/error.log;
events { worker_connections 16384; }
http {
  access_log off;
${temp}
  client_body_buffer_size 512k;
  client_max_body_size 64m;
  keepalive_requests 100000000;
  upstream vendor {
    server 127.0.0.1:${ports.mock};
    keepalive 256;
    keepalive_requests 100000000;
  }
  server {
    listen 127.0.0.1:${ports.own} backlog=8192;
    location = ${REFUSED_PATH} { return 401; }
    location / {
      proxy_pass http://vendor;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffering off;
    }
  }
}
`;
}

export async function startNginx(options: StartOptions): Promise<Contestant> {
  const binary = BINARIES.find((path) => existsSync(path));
  if (!binary) throw new Error(`nginx is not installed (looked at ${BINARIES.join(', ')})`);
  const dir = join(options.dir, `nginx-${options.core ?? 'free'}`);
  mkdirSync(dir, { recursive: true });
  const port = freePort();
  const file = join(dir, 'nginx.conf');
  const root = process.getuid?.() === 0;
  const text = config(dir, { own: port, mock: options.mockPort });
  writeFileSync(file, root ? text : text.replace('user root;\n', ''));
  const log = join(dir, 'log');
  const pid = launch({ command: [binary, '-p', dir, '-c', file], log, core: options.core });
  await until(() => listens(port), { pid, log, ms: READY_MS });
  const version = Bun.spawnSync([binary, '-v']).stderr.toString();
  return {
    name: 'nginx',
    level: 'nginx',
    version: version.split('/').at(-1)?.trim() ?? 'unknown',
    port,
    path: '/v1/chat/completions',
    model: 'bench-model',
    headers: { Authorization: `Bearer ${KEY}` },
    pids: [pid],
  };
}
