/** Files in our keeping: on disk or in an object store, and the rows that say whose they are. */

export interface FileWriter {
  write(bytes: Uint8Array): Promise<void>;
  /** It is there from now on, whole. */
  close(): Promise<void>;
  /** Nothing of it stays. */
  abort(): Promise<void>;
}

export interface Files {
  create(key: string): Promise<FileWriter>;
  /** From `start` up to and without `end`; null where there is no such file. */
  read(
    key: string,
    range?: { start: number; end: number },
  ): Promise<ReadableStream<Uint8Array> | null>;
  remove(key: string): Promise<void>;
}

export interface ResultRow {
  readonly key: string;
  readonly accountId: string;
  readonly taskId: string;
  readonly bytes: number;
  readonly createdMs: number;
  readonly expiresMs: number | null;
}

export interface Results {
  insert(row: ResultRow): Promise<void>;
  /** Bytes that an account keeps. */
  bytesOf(accountId: string): Promise<number>;
  ofTask(taskId: string): Promise<readonly ResultRow[]>;
  expired(nowMs: number, limit: number): Promise<readonly ResultRow[]>;
  remove(key: string): Promise<void>;
}
