// What the proofs of a sliced run cover, in words: less than all of it is never called a proof of the run.
import { printable } from '../compiler/index.ts';
import type { AuditVerdict, Coverage, RunVerdict } from '../runtime/index.ts';
import { describePort } from './port-text.ts';
import { secrecyOf } from './secrecy.ts';

const MOST_NAMES = 20;

/** Part of the multiply-accumulates, rounded down: 100 % means all. */
function share({ macs, totalMacs }: Coverage): string {
  if (totalMacs === 0) return 'no multiply-accumulates';
  return `${(Math.floor((1000 * macs) / totalMacs) / 10).toFixed(1)} % of ${totalMacs} multiply-accumulates`;
}

/** @param names of all slices; absent: slices are counted only */
export function describeCoverage(c: Coverage, names?: readonly string[]): string {
  if (c.complete) return `all ${c.slices} slices are proved`;
  const listed =
    names === undefined
      ? ''
      : ` (${c.proved
          .slice(0, MOST_NAMES)
          .map((s) => printable(names[s]!))
          .join(', ')}${c.proved.length > MOST_NAMES ? ', ...' : ''})`;
  return `${c.proved.length} of ${c.slices} slices are proved${listed}, ${share(c)}`;
}

/** What an audit is worth. */
export function describeAudit({ method, detection }: AuditVerdict): readonly string[] {
  if (method === 'slices') return ['audit: slices named by the auditor; no probability of detection is stated'];
  const least = method === 'policy' ? 'at least ' : '';
  const parts = detection.map((p, i) => `${i + 1} slice${i === 0 ? '' : 's'}: ${least}${(100 * p).toFixed(1)} %`);
  return [
    `audit: a prover that cheats is caught with probability: in ${parts.join(', in ')}`,
    '  if it did not know the seed when it committed',
  ];
}

const WEIGHTS: Readonly<Record<RunVerdict['weights'], readonly string[]>> = {
  fixed: [],
  public: [],
  committed: ['  weights committed: those of the model root'],
  private: ['  weights private: the proofs hold for some weights in range, not for particular ones'],
};

/** The verdict in words. */
export function describeRunVerdict(v: RunVerdict): string {
  const { coverage } = v;
  const how = `${v.proofSystem}, ${v.constraints} constraints, about ${v.securityBits} bits, ${secrecyOf(v.zeroKnowledge)}`;
  const name = printable(v.model);
  const head = coverage.complete
    ? `accepted: the whole run of ${name}, ${coverage.slices} slices and ${v.links} links between them (${how})`
    : coverage.proved.length === 0
      ? `nothing is proved of ${name}: these are commitments`
      : `accepted in part: ${describeCoverage(coverage, v.slices)} of ${name} (${how})`;
  return [
    head,
    ...(coverage.complete
      ? []
      : ['  this is no proof of the whole run; inputs and outputs are what the prover claims:']),
    ...v.ports.map((p) => describePort(p, v.zeroKnowledge)),
    ...WEIGHTS[v.weights],
    ...(v.audit === undefined ? [] : describeAudit(v.audit)),
    `set-up: ${v.setup}`,
    v.rootCompared
      ? `model root ${v.root} (the one you gave)`
      : `model root ${v.root} (not compared: give --model-root to bind the proof to a model you trust)`,
  ].join('\n');
}
