/** A form that brings one file. */
import { Fault } from '../kit/fault.ts';
import { partTypes } from '../kit/form-parts.ts';
import { isObject, parseJson } from '../kit/json.ts';
import { type BodyReader, readForm } from './body.ts';
import type { Visit } from './routes.ts';

export async function readFileForm(visit: Visit, field: string, edge: BodyReader) {
  const bytes = await readForm(visit.request, edge.bodyLimits, edge.deadlines);
  const type = visit.request.headers.get('content-type') ?? '';
  const whole = new Response(new Uint8Array(bytes), { headers: { 'content-type': type } });
  const form = (await whole.formData().catch((cause: unknown) => {
    throw new Fault('invalid_request', { message: 'This is no multipart form.', cause });
  })) as FormData;
  const file = form.get(field);
  if (!(file instanceof Blob)) {
    throw new Fault('invalid_request', { message: `${field} must be a file.`, param: field });
  }
  const more = form.get('metadata');
  const text = more instanceof Blob ? await more.text() : (more ?? '{}');
  const metadata = parseJson(text);
  if (!isObject(metadata)) {
    throw new Fault('invalid_request', {
      message: 'metadata must be an object.',
      param: 'metadata',
    });
  }
  const said = partTypes(bytes, type)[[...form.keys()].indexOf(field)] ?? file.type;
  return { file: new File([file], (file as File).name ?? '', { type: said }), metadata };
}
