/** What the parts want to know of the settings, each in its own words. */
import type { ServerSettings } from '../edge/server.ts';
import { parseCidrs } from '../kit/cidr.ts';
import { parseMoney } from '../kit/money.ts';
import type { RelayDeps } from '../relay/call.ts';
import { type Settings, splitListen } from './settings.ts';
import { readTls } from './tls.ts';

export function edgeSettings({ server, strict_path: strict }: Settings) {
  return {
    bodyLimits: { bytesMax: server.body_bytes_max, timeMs: server.body_timeout_ms },
    strictLeak: strict.limited
      ? { ratePerS: strict.rate_per_s, burst: strict.burst, nodelay: strict.nodelay }
      : null,
  };
}

export function serverSettings(settings: Settings): ServerSettings {
  const { server } = settings;
  return {
    ...splitListen(settings.listen),
    tls: readTls(settings),
    openRequestsMax: server.open_requests_max,
    headerBytesMax: server.header_bytes_max,
    idleTimeoutS: server.idle_timeout_s,
    corsOrigins: server.cors_origins,
    trustedProxies: parseCidrs(server.trusted_proxies),
  };
}

export function limitDefaults({ limits }: Settings) {
  return {
    requestsPerMinute: limits.requests_per_minute,
    tokensPerMinute: limits.tokens_per_minute,
    concurrency: limits.concurrency,
  };
}

export function breakerSettings({ breaker }: Settings) {
  return {
    failures: breaker.failures,
    windowMs: breaker.window_ms,
    openMs: breaker.open_ms,
    openMsMax: breaker.open_ms_max,
    refusedMs: breaker.refused_ms,
  };
}

export function relaySettings(settings: Settings): RelayDeps['settings'] {
  const { timeouts, retry, drain, rescue, structured } = settings;
  return {
    times: {
      connectMs: timeouts.connect_ms,
      firstByteMs: timeouts.first_byte_ms,
      idleMs: timeouts.idle_ms,
      totalMs: timeouts.total_ms,
    },
    retry: {
      count: retry.count,
      delayMs: retry.delay_ms,
      retryAfterMsMax: retry.retry_after_ms_max,
    },
    drain: { drainMs: drain.drain_ms, drainsMax: drain.drains_max },
    structured: {
      attemptsMax: structured.attempts_max,
      againMax: structured.again_max === null ? null : (parseMoney(structured.again_max) ?? null),
    },
    rescue: {
      enabled: rescue.enabled,
      models: rescue.models.length === 0 ? null : new Set(rescue.models),
      timesMax: rescue.times_max,
    },
  };
}
