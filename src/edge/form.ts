/** Multipart forms: bounded in size and in time, with the files that they bring. */
import { Fault } from '../kit/fault.ts';
import { partTypes } from '../kit/form-parts.ts';
import type { Json, JsonObject } from '../kit/json.ts';
import { type BodyReader, readAnyBytes } from './body.ts';

const NESTED = /^(\w{1,100})\[(\w{1,100})\]$/;

/**
 * Fields and files of a form. `a[b]` is the field `b` of an object `a`, as clients write objects
 * into forms; what stands several times becomes a list, and a file what `take` says.
 */
export async function readForm(
  request: Request,
  reader: BodyReader,
  take: (file: File) => Promise<string>,
): Promise<JsonObject> {
  const bytes = await readAnyBytes(request, reader.bodyLimits, reader.deadlines);
  const type = request.headers.get('content-type') ?? '';
  let form: FormData;
  try {
    const whole = new Response(new Uint8Array(bytes), { headers: { 'content-type': type } });
    form = (await whole.formData()) as FormData;
  } catch (error) {
    throw new Fault('invalid_request', { message: 'This is no multipart form.', cause: error });
  }
  const fields: Record<string, Json> = {};
  const objects = new Map<string, Record<string, Json>>();
  const types = partTypes(bytes, type);
  for (const [index, [name, value]] of [...form.entries()].entries()) {
    const text = typeof value === 'string' ? value : await take(typed(value, types[index]));
    const [, outer, inner] = NESTED.exec(name) ?? [];
    if (outer === undefined || inner === undefined) {
      const earlier = Object.hasOwn(fields, name) ? fields[name] : undefined;
      fields[name] = earlier === undefined ? text : [earlier, text].flat();
      continue;
    }
    const object = objects.get(outer) ?? {};
    object[inner] = text;
    objects.set(outer, object);
  }
  return { ...fields, ...Object.fromEntries(objects) };
}

/** As the form itself says; the runtime's guess is by the file's name. */
function typed(file: Blob, said: string | null | undefined): File {
  return new File([file], (file as File).name ?? '', { type: said ?? file.type });
}
