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
/** Parts on their way at once: so much of a file is in memory. */
const PARTS_AT_ONCE = 3;
const RETRIES = 3;

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
      const writer = fileOf(key).writer({
        partSize: PART_BYTES,
        queueSize: PARTS_AT_ONCE,
        retry: RETRIES,
      });
      return {
        async write(bytes) {
          // The writer keeps what it is given until it is sent.
          writer.write(bytes.slice());
          await writer.flush();
        },
        async close() {
          await writer.end();
        },
        // The client ends an upload only by making the file of it, so it is made and removed; no
        // other copy has its name.
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
