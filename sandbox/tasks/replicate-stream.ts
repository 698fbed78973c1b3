/** Replicate's streams of predictions: words as they are said, files when they are done. */
import type { Json } from '../../src/kit/json.ts';
import { nowMs } from '../clock.ts';
import type { FakeJob, Jobs } from './jobs.ts';
import { LANGUAGE, outputOf, REPLICATE_STREAM_PATH, wordsOf } from './replicate.ts';
import type { Ask, Told, ToldEvent } from './server.ts';

export function replicateStream(ask: Ask, jobs: Jobs): Told {
  const job = jobs.find('replicate', ask.path.slice(REPLICATE_STREAM_PATH.length + 1));
  const wanted = ask.header('accept')?.includes('text/event-stream') === true;
  if (job === undefined || !wanted) return { status: 404, body: { detail: 'Not found' } };
  return { status: 200, body: null, events: eventsOf(job, jobs, ask.origin) };
}

function eventsOf(job: FakeJob, jobs: Jobs, origin: string): readonly ToldEvent[] {
  const leftMs = Math.max(0, job.createdMs + jobs.timeOf(job) - nowMs());
  const done = (data: string): ToldEvent => ({ name: 'done', data, afterMs: 0 });
  if (/sandbox-(fail|moderate)/.test(job.prompt)) {
    const error = { name: 'error', data: 'Prediction failed.', afterMs: leftMs };
    return [error, done('{"reason":"error"}')];
  }
  if (job.request.model === LANGUAGE) {
    const words = wordsOf(job);
    const gapMs = leftMs / words.length;
    const said = words.map((data) => ({ name: 'output', data, afterMs: gapMs }));
    // The stream of this one breaks in the middle.
    if (job.prompt.includes('sandbox-cut-stream')) return said.slice(0, 2);
    return [...said, done('{}')];
  }
  const output = outputOf(job, origin);
  const files = (Array.isArray(output) ? output : [output]).map((file: Json, index) => {
    return { name: 'output', data: String(file), afterMs: index === 0 ? leftMs : 0 };
  });
  return [...files, done('{}')];
}
