/** Files in an S3-compatible store, through Bun's own client. */
import { S3Client } from 'bun';
import type { Files } from '../ports/files.ts';

export interface S3Place {
  readonly endpoint: string | null;
  readonly region: string | null;
  readonly bucket: string;
  readonly prefix: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** Parts of an upload; the store wants at least 5 MiB of each but the last. */
const PART_BYTES = 8 * 1024 * 1024;

export function makeS3Files(place: S3Place): Files {
  const client = new S3Client({
    bucket: place.bucket,
    accessKeyId: place.accessKeyId,
    secretAccessKey: place.secretAccessKey,
    ...(place.endpoint === null ? {} : { endpoint: place.endpoint }),
    ...(place.region === null ? {} : { region: place.region }),
  });
  const fileOf = (key: string) => client.file(place.prefix + key);
  return {
    async create(key) {
      const writer = fileOf(key).writer({ partSize: PART_BYTES, retry: 3 });
      return {
        async write(bytes) {
          // The writer keeps what it is given until it is sent.
          writer.write(bytes.slice());
          await writer.flush();
        },
        async close() {
          await writer.end();
        },
        async abort() {
          await Promise.resolve(writer.end(new Error('aborted'))).catch(() => undefined);
          await fileOf(key)
            .delete()
            .catch(() => undefined);
        },
      };
    },
    async read(key, range) {
      const file = fileOf(key);
      if (!(await file.exists())) return null;
      return (range === undefined ? file : file.slice(range.start, range.end)).stream();
    },
    async remove(key) {
      await fileOf(key).delete();
    },
  };
}
