/** What a person sees when the gateway is ready: enough to make the first call. */
import { resolve } from 'node:path';
import type { Upstream } from '../relay/upstreams.ts';
import type { FirstKeys } from './boot.ts';
import { printLine } from './print.ts';
import type { Settings } from './settings.ts';

/** Asked for in the printed lines; served by Doubao itself, and by the sandbox under its name. */
const EXAMPLE_MODELS = ['doubao-seed-2-1-pro-260915', 'gpt-5', 'deepseek-chat'] as const;

export interface Ready {
  readonly url: string;
  readonly keys: FirstKeys | null;
  readonly settings: Settings;
  readonly upstreams: readonly Upstream[];
  readonly models: readonly string[];
  readonly sandboxed: boolean;
}

export function welcome(ready: Ready): void {
  const { url, keys, settings } = ready;
  const key = keys?.key ?? '$GANGWAY_KEY';
  const model = EXAMPLE_MODELS.find((id) => ready.models.includes(id)) ?? ready.models[0];
  const vendors = ready.upstreams.map((upstream) => upstream.id).join(', ');
  const lines = [
    '',
    `  Gangway is ready at ${url}`,
    '',
    `  Base URL      ${url}/v1`,
    ...(keys === null
      ? ['  Key           made at the first start; a new one: npx gangway keys create']
      : [
          `  Key           ${keys.key}`,
          `  Operator key  ${keys.operatorKey}`,
          '                Both are shown this once and kept only as hashes.',
        ]),
    `  Data          ${resolve(settings.data_dir)}`,
    ready.sandboxed
      ? '  Vendors       the sandbox: made-up answers at list prices; nothing leaves this machine'
      : `  Vendors       ${vendors}`,
    '',
    ...(model === undefined ? [] : [curl(ready, { key, model, stream: false })]),
    ...(model === undefined ? [] : [curl(ready, { key, model, stream: true })]),
    '  A real vendor: stop this, set its key (ARK_API_KEY=… npm start), start again.',
    '',
  ];
  printLine(lines.join('\n'));
}

function curl(
  ready: Ready,
  wish: { readonly key: string; readonly model: string; readonly stream: boolean },
): string {
  const body = JSON.stringify({
    model: wish.model,
    messages: [{ role: 'user', content: 'Hello!' }],
    ...(wish.stream ? { stream: true } : {}),
  });
  return [
    `  curl ${wish.stream ? '-N ' : ''}${ready.url}/v1/chat/completions \\`,
    `    -H "Authorization: Bearer ${wish.key}" \\`,
    "    -H 'Content-Type: application/json' \\",
    `    -d '${body}'`,
    '',
  ].join('\n');
}
