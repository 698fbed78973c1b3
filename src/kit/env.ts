/** The process's environment, read here and nowhere else. */

export type Env = Readonly<Record<string, string | undefined>>;

export function readEnv(): Env {
  return process.env;
}
