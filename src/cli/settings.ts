/** What an operator may set: gangway.yaml, then GANGWAY_* variables, then flags. */
import { existsSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import type { Env } from '../kit/env.ts';
import { LOG_LEVELS, type LogLevel } from '../kit/log.ts';
import { NOTICE_EVENTS } from '../tasks/webhooks/notices.ts';
import { decimal, listedPrice, ownPrice } from './price-settings.ts';

const count = z.coerce.number().int().min(0);
const size = z.coerce.number().int().min(1);
const flag = z
  .union([z.boolean(), z.enum(['true', 'false'])])
  .transform((value) => value === true || value === 'true');
const text = z.string().min(1).nullable().default(null);
const listenPlace = z.string().regex(/^(\[[0-9a-fA-F:]+\]|[^:]+):\d{1,5}$/, 'must be HOST:PORT');
/** A group of settings; leaving it out leaves out each of them. */
const group = <T extends z.ZodRawShape>(shape: T) =>
  z.preprocess((value) => value ?? {}, z.strictObject(shape));

/** A list, or what stands for a list of one: its faults are told as those of a list. */
const oneOrMore = <T extends z.ZodType>(one: T) =>
  z.preprocess((value) => (Array.isArray(value) ? value : [value]), z.array(one));

const upstream = z.strictObject({
  /** Tells upstreams of one vendor apart; the model id `name/…` is not affected by it. */
  name: z.string().min(1).optional(),
  base_url: z.url().optional(),
  /** The credential, or a reference to it: env:NAME, file:/path, vault:mount/path#field. */
  key: z.string().min(1).optional(),
  priority: z.coerce.number().default(0),
  weight: z.coerce.number().positive().default(1),
  /** Models that only this upstream serves: for servers that the catalogue does not know. */
  models: z
    .array(
      z.strictObject({
        id: z.string().min(1),
        wire_name: z.string().min(1).optional(),
        /** What it is for; decides what may be asked of it. */
        kind: z
          .enum(['chat', 'embedding', 'rerank', 'image', 'bot', 'video', 'audio', 'other'])
          .default('chat'),
        context_tokens: size.default(131_072),
        output_tokens_max: size.default(8_192),
        /** What the model itself guarantees of JSON, and whether it calls tools. */
        json: z.enum(['schema', 'object', 'none']).default('object'),
        tools: flag.default(true),
        /** A million tokens, in the installation's currency. Absent: no price is known. */
        price: ownPrice.optional(),
      }),
    )
    .default([]),
});

export type UpstreamSetting = z.output<typeof upstream>;

const schema = z.strictObject({
  listen: listenPlace.default('127.0.0.1:8420'),
  /** Our own address as others see it: vendors call back there, and links begin with it. */
  public_url: z
    .url({ protocol: /^https?$/ })
    .nullable()
    .default(null),
  data_dir: z.string().min(1).default('./data'),
  currency: z
    .string()
    .regex(/^[A-Z]{3}$/)
    .default('CNY'),
  /** What one unit of a price list's currency costs in the installation's currency. */
  exchange: z.record(z.string(), decimal).default({ CNY: '1', USD: '7.10' }),
  log_level: z.enum(LOG_LEVELS as [LogLevel, ...LogLevel[]]).default('info'),
  /** auto: when no vendor has a key. */
  sandbox: z.enum(['auto', 'on', 'off']).default('auto'),
  server: group({
    header_bytes_max: size.max(1024 * 1024).default(16 * 1024),
    body_bytes_max: size.default(32 * 1024 * 1024),
    body_timeout_ms: size.default(60_000),
    open_requests_max: size.default(20_000),
    idle_timeout_s: size.max(255).default(60),
    /** How long open calls may go on after SIGTERM. */
    stop_timeout_ms: count.default(30_000),
    trusted_proxies: z.array(z.string()).default([]),
    cors_origins: z.array(z.string()).default([]),
  }),
  /** HTTPS served by Gangway itself. */
  tls: group({
    cert: text,
    key: text,
    /** What plain HTTP on `plain_listen` gets: the same service, a 308 to https, or a fault. */
    plain: z.enum(['allow', 'redirect', 'refuse']).default('refuse'),
    plain_listen: listenPlace.nullable().default(null),
  }),
  /** Where vault:mount/path#field is read; either a token, or AppRole. */
  vault: group({
    address: z.url().nullable().default(null),
    namespace: text,
    /** env:NAME, file:/path, or the secret itself; so are role_id and secret_id. */
    token: text,
    role_id: text,
    secret_id: text,
    cache_s: size.default(60),
    /** What happens to a key that was read before while Vault is away. */
    on_failure: z.enum(['fail', 'last_good']).default('last_good'),
  }),
  storage: group({
    sync: z.enum(['commit', 'interval']).default('interval'),
    /** redis:// or rediss://, or a reference to it. Null: REDIS_URL. */
    redis_url: text,
    /** postgres://…, or a reference to it. null: DATABASE_URL, else SQLite in `data_dir`. */
    database_url: text,
    /** On PostgreSQL, whether opening it brings its schema up to date. */
    migrate: z.enum(['auto', 'off']).default('auto'),
    /** To PostgreSQL, beside the few of the books. */
    connections_max: size.max(1_000).default(8),
    /** How long a node that is not heard of counts as alive. */
    lease_ms: size.min(1_000).default(15_000),
  }),
  /** Defaults for keys that say nothing of their own; 0: no limit. */
  limits: group({
    requests_per_minute: count.default(60),
    tokens_per_minute: count.default(0),
    concurrency: count.default(0),
    /** auto: Redis where it is named, else PostgreSQL where that is the database, else memory. */
    counters: z.enum(['auto', 'memory', 'redis', 'postgres']).default('auto'),
    /** While shared counters are away: each node counts alone instead of refusing. */
    fail_open: flag.default(false),
  }),
  /** The limiter per address in front of /api/doubao, with nginx's semantics. */
  strict_path: group({
    limited: flag.default(true),
    rate_per_s: z.coerce.number().positive().default(1),
    burst: count.default(5),
    nodelay: flag.default(true),
  }),
  timeouts: group({
    connect_ms: size.default(10_000),
    first_byte_ms: size.default(300_000),
    idle_ms: size.default(120_000),
    total_ms: size.default(1_800_000),
  }),
  retry: group({
    count: count.max(10).default(2),
    delay_ms: count.default(1_000),
    retry_after_ms_max: count.default(10_000),
  }),
  breaker: group({
    failures: size.default(5),
    window_ms: size.default(60_000),
    open_ms: size.default(5_000),
    open_ms_max: size.default(120_000),
    refused_ms: size.default(30_000),
  }),
  /** JSON that fits a schema: answers that one call may ask for, and what the later may cost. */
  structured: group({
    attempts_max: size.max(10).default(3),
    again_max: decimal.nullable().default(null),
  }),
  drain: group({ drain_ms: size.default(120_000), drains_max: count.default(1_000) }),
  /** Answers kept under the callers' Idempotency-Key. */
  idempotency: group({
    answer_bytes_max: count.default(4 * 1024 * 1024),
    account_bytes_max: count.default(256 * 1024 * 1024),
    wait_ms: count.max(60_000).default(10_000),
  }),
  /** Slow jobs. */
  tasks: group({
    /** Longest wait for a vendor to take a job before its caller is answered. */
    submit_wait_ms: count.default(20_000),
    request_ms: size.max(120_000).default(60_000),
    open_max: size.default(10_000),
    /** A job whose creation was not answered, and that is not listed, is sent anew after this. */
    sure_after_ms: size.default(120_000),
    /** Who pays where the answer that brought the result was lost, or `review`: people look. */
    lost_answer: z.enum(['refund', 'charge', 'review']).default('refund'),
    /** Longest that a request for pictures waits for them. */
    image_wait_ms: size.max(900_000).default(300_000),
    /** For tasks that say nothing of their own; 0: they may take for ever. */
    deadline_s: count.max(30 * 86_400).default(172_800),
    /** Who pays for a job that its deadline ended and that its vendor would not stop. */
    timeout_refund: z.enum(['always', 'stopped']).default('stopped'),
    /** Within it a creation that a client sends anew makes no second task; 0: it does. */
    retry_window_s: count.max(3_600).default(60),
    /** Vendors whose charges for failures their callers do not pay. */
    refund_always: z.array(z.string()).default([]),
    /** Vendors that charge for inputs which they refuse, and whose callers pay for them. */
    charge_refused: z.array(z.string()).default([]),
    /** How long we wait between two questions, of what the vendor's data say. */
    pace_percent: size.max(1_000).default(100),
  }),
  /** What people are told of beside tasks. */
  notices: group({
    /** The installation's own receivers. */
    webhooks: z
      .array(
        z.strictObject({
          url: z.url({ protocol: /^https?$/ }),
          /** Empty: all. */
          events: z.array(z.enum(NOTICE_EVENTS)).default([]),
          profile: z.enum(['standard', 'notify']).default('standard'),
          /** env:NAME, file:/path, or the secret itself. Absent: gangway notices secret. */
          secret: z.string().min(1).optional(),
        }),
      )
      .max(20)
      .default([]),
    /** Mark of limited accounts that have none of their own. */
    balance_below: decimal.nullable().default(null),
    down_after_s: count.default(60),
    up_after_s: size.default(60),
    retiring_days: count.max(3_650).default(30),
  }),
  rescue: group({
    enabled: flag.default(false),
    models: z.array(z.string().min(1)).default([]),
    times_max: size.max(3).default(1),
  }),
  /** Results of tasks in our keeping. */
  results: group({
    keep: flag.default(true),
    /** Default: results, in the data folder. */
    dir: text,
    life_hours: count.default(720),
    link_hours: size.default(24),
    /** Life of files that callers hand in, and how large one may be. */
    upload_hours: size.default(24),
    upload_mb_max: size.default(512),
    file_mb_max: size.default(2_048),
    account_mb_max: size.default(10_240),
    s3_bucket: text,
    s3_endpoint: text,
    s3_region: text,
    s3_prefix: z.string().default(''),
    /** env:NAME, file:/path, or the key itself. */
    s3_access_key_id: text,
    s3_secret_access_key: text,
  }),
  /** Addresses that callers choose: webhooks. */
  outbound: group({
    /** Hosts (or host:port) that may be called although their address is private. */
    allowed_hosts: z.array(z.string()).default([]),
  }),
  /** What models of the catalogue cost here, whatever the catalogue says. */
  prices: z.record(z.string(), oneOrMore(listedPrice)).default({}),
  vendors: z.record(z.string(), oneOrMore(upstream)).default({}),
});

export type Settings = z.output<typeof schema>;

const FILE = 'gangway.yaml';
/** Too many words for a variable. */
const FILE_ONLY: readonly string[] = Object.freeze(['vendors', 'exchange', 'prices']);
const PREFIX = 'GANGWAY_';
/** Variables of ours that are not settings. */
const OTHER_VARIABLES = /^GANGWAY_(CONFIG|TEST_.*)$/;

export interface SettingsSource {
  readonly env: Env;
  /** Path of the settings file; null: gangway.yaml where there is one. */
  readonly file: string | null;
  /** Flags, by setting. */
  readonly flags: Readonly<Record<string, string | undefined>>;
}

/** Throws an Error whose message names each wrong setting, where it stands and what it must be. */
export function loadSettings(source: SettingsSource): Settings {
  const file = source.file ?? source.env.GANGWAY_CONFIG ?? (existsSync(FILE) ? FILE : null);
  const wanted = file === null ? {} : readFile(file);
  applyEnv(wanted, source.env);
  for (const [name, value] of Object.entries(source.flags)) {
    if (value !== undefined) wanted[name] = value;
  }
  const parsed = schema.safeParse(wanted);
  if (parsed.success) return parsed.data;
  const lines = parsed.error.issues.map((issue) => {
    const place = issue.path.join('.') || 'settings';
    return `  ${place}: ${issue.message}`;
  });
  throw new Error(`The settings are not valid:\n${lines.join('\n')}`);
}

function readFile(path: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = Bun.YAML.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    const why = error instanceof Error ? error.message : 'unreadable';
    throw new Error(`The settings file ${path} cannot be read: ${why}`, { cause: error });
  }
  if (value === null || value === undefined) return {};
  if (typeof value === 'object' && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new Error(`The settings file ${path} must hold named settings.`);
}

/** GANGWAY_LIMITS_CONCURRENCY=5 sets limits.concurrency. Lists are separated by commas. */
function applyEnv(wanted: Record<string, unknown>, env: Env): void {
  const places = new Map<string, readonly string[]>();
  for (const [name, value] of Object.entries(schema.parse({}))) {
    if (FILE_ONLY.includes(name)) continue;
    const inner = typeof value === 'object' && value !== null ? Object.keys(value) : [];
    if (inner.length === 0) places.set(PREFIX + name.toUpperCase(), [name]);
    for (const leaf of inner) places.set(`${PREFIX}${name}_${leaf}`.toUpperCase(), [name, leaf]);
  }
  for (const [variable, text] of Object.entries(env)) {
    if (!variable.startsWith(PREFIX) || OTHER_VARIABLES.test(variable)) continue;
    const [name, leaf] = places.get(variable) ?? [];
    // Other programs may use the prefix as well; a variable that is not ours is not an error.
    if (name === undefined) continue;
    const value = /_(PROXIES|ORIGINS)$/.test(variable) ? text?.split(',').filter(Boolean) : text;
    if (leaf === undefined) wanted[name] = value;
    else wanted[name] = { ...(wanted[name] as object | undefined), [leaf]: value };
  }
}

/** `HOST:PORT` or `[::1]:PORT` taken apart. */
export function splitListen(listen: string): { readonly hostname: string; readonly port: number } {
  const at = listen.lastIndexOf(':');
  return {
    hostname: listen.slice(0, at).replace(/^\[|\]$/g, ''),
    port: Number(listen.slice(at + 1)),
  };
}
