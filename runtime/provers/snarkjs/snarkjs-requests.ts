// The messages between our process and the child process that runs snarkjs: plain data both ways.

/** What the child is asked to do; all paths are absolute. */
export type SnarkjsRequest =
  | { readonly kind: 'prove'; readonly zkeyPath: string; readonly wtnsPath: string }
  | { readonly kind: 'check-witness'; readonly r1csPath: string; readonly wtnsPath: string }
  | {
      readonly kind: 'verify';
      readonly verificationKey: unknown;
      readonly publicSignals: readonly string[];
      readonly proof: unknown;
    }
  | {
      readonly kind: 'ceremony-key';
      readonly r1csPath: string;
      readonly ptauPath: string;
      /** Where the key without contribution goes for the time of the call. */
      readonly initialPath: string;
      readonly zkeyPath: string;
    };

/** A request with the package to load; another name than snarkjs serves to test its absence. */
export interface SnarkjsCall {
  readonly packageName: string;
  readonly request: SnarkjsRequest;
}

export type SnarkjsReply =
  | { readonly ok: true; readonly result: unknown }
  | { readonly ok: false; readonly code: 'snarkjs-missing' | 'snarkjs-failed'; readonly message: string };

/** Whether an unknown value is an object whose fields may be looked at. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
