/** A prediction as Replicate shows it. */
import type { JsonObject } from '../../kit/json.ts';
import type { NativeView } from '../native.ts';
import type { FilesPlace, NativeFile } from '../native-files.ts';
import { findModel } from './models.ts';
import { streamOf } from './stream.ts';

const STATES: Readonly<Record<NativeView['state'], string>> = Object.freeze({
  queued: 'starting',
  running: 'processing',
  succeeded: 'succeeded',
  failed: 'failed',
  canceled: 'canceled',
});

/** The vendor's last words; what it would have said where it has said nothing yet. */
export function write(view: NativeView): JsonObject {
  const { asked, state } = view;
  const said = view.body ?? {};
  const [name = '', version] = view.model.split(':');
  const isOver = state === 'succeeded' || state === 'failed' || state === 'canceled';
  const link = `${view.base}/predictions/${view.id}`;
  const { logs, metrics, started_at: startedAt, completed_at: completedAt } = said;
  return {
    ...{ model: findModel(view.model)?.name ?? name, version: version ?? 'hidden' },
    ...{ data_removed: false, source: 'api' },
    ...said,
    // When it was asked for here, by which lists are bounded; the vendor has it a moment later.
    created_at: new Date(view.createdMs).toISOString(),
    id: view.id,
    ...{ logs: logs ?? '', metrics: metrics ?? {}, started_at: startedAt ?? null },
    input: asked.input ?? {},
    ...(asked.webhook === undefined ? {} : { webhook: asked.webhook }),
    webhook_events_filter: asked.webhook_events_filter ?? [],
    // Its own word for the state, but not before results are where our links lead.
    status: STATES[state],
    completed_at: isOver ? (completedAt ?? new Date(view.updatedMs).toISOString()) : null,
    output: state === 'succeeded' ? (said.output ?? null) : null,
    error: view.error?.message ?? null,
    urls: {
      ...{ get: link, cancel: `${link}/cancel` },
      ...(streamOf(said) === null ? {} : { stream: `${view.base}/stream/${view.pass}` }),
    },
  };
}

export function listFiles(files: readonly NativeFile[], { link, next }: FilesPlace): JsonObject {
  const more = next === null ? null : `${link}?cursor=${encodeURIComponent(next)}`;
  return { previous: null, next: more, results: files.map(showFile) };
}

export function showFile(file: NativeFile): JsonObject {
  const iso = (ms: number): string => new Date(ms).toISOString();
  return {
    ...{ id: file.id, name: file.name, content_type: file.mime, size: file.bytes },
    ...{ etag: file.sha256, checksums: { sha256: file.sha256 }, metadata: file.metadata },
    ...{ created_at: iso(file.createdMs), expires_at: iso(file.expiresMs) },
    urls: { get: file.link },
  };
}
