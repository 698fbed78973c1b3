/** Multipart forms: bounded in size and in time, files as data URLs. */
import { Fault } from '../kit/fault.ts';
import { partTypes } from '../kit/form-parts.ts';
import type { JsonObject } from '../kit/json.ts';
import { type BodyReader, readAnyBytes } from './body.ts';

/** Fields and files of a form; a file becomes `data:<type>;base64,…`. */
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
  const types = partTypes(bytes, type);
  const fields: Record<string, string> = {};
  for (const [index, [name, value]] of [...form.entries()].entries()) {
    fields[name] = typeof value === 'string' ? value : await dataUrl(value, types[index]);
  }
  return fields;
}

/** `said` by the form itself; the runtime's guess is by the file's name. */
async function dataUrl(file: Blob, said: string | null | undefined): Promise<string> {
  const base64 = Buffer.from(await file.arrayBuffer()).toString('base64');
  return `data:${said || file.type || 'application/octet-stream'};base64,${base64}`;
}
