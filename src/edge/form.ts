/** Multipart forms: bounded in size and in time, files as data URLs. */
import { Fault } from '../kit/fault.ts';
import type { JsonObject } from '../kit/json.ts';
import { type BodyReader, readAnyBytes } from './body.ts';

/**
 * Fields and files of a form; a file becomes `data:<type>;base64,…`, and what stands several times
 * a list.
 */
export async function readForm(request: Request, reader: BodyReader): Promise<JsonObject> {
  const bytes = await readAnyBytes(request, reader.bodyLimits, reader.deadlines);
  const type = request.headers.get('content-type') ?? '';
  let form: FormData;
  try {
    const whole = new Response(new Uint8Array(bytes), { headers: { 'content-type': type } });
    form = (await whole.formData()) as FormData;
  } catch (error) {
    throw new Fault('invalid_request', { message: 'This is no multipart form.', cause: error });
  }
  const fields: Record<string, string | string[]> = {};
  for (const [name, value] of form.entries()) {
    const text = typeof value === 'string' ? value : await dataUrl(value);
    const earlier = Object.hasOwn(fields, name) ? fields[name] : undefined;
    fields[name] = earlier === undefined ? text : [earlier, text].flat();
  }
  return fields;
}

async function dataUrl(file: Blob): Promise<string> {
  const base64 = Buffer.from(await file.arrayBuffer()).toString('base64');
  return `data:${file.type || 'application/octet-stream'};base64,${base64}`;
}
