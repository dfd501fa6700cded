/** What a run came to, for people. */
import { heading, table, type Say } from '../bin/demo/print';
import { RAILS } from '../domain/settlement';
import { countOf } from './checker';
import { FAULT_KINDS, type FaultKind } from './kinds';
import type { Carried } from './nemesis';
import type { Outcome } from './run';

const FINDINGS_SHOWN = 40;
const REASONS_SHOWN = 5;

/** Answers whether the run was clean. */
export function showOutcome(say: Say, outcome: Outcome): boolean {
  const { carried, report, restMs, made, unmade, endedByThemselves } = outcome;
  heading(say, 'Faults by kind');
  say(faultTable(carried));
  heading(say, 'Deals by outcome and rail');
  say(dealTable(report.outcomes));
  heading(say, 'What holds');
  for (const { name, says, found } of report.checks) say(`  ${found === 0 ? '✔' : '✘'} ${name}: ${says}`);
  if (report.findings.length > 0) heading(say, 'What does not');
  for (const { check, harm, subject, detail } of report.findings.slice(0, FINDINGS_SHOWN))
    say(`  ${harm}: ${subject} ${detail} (${check})`);
  const more = report.findings.length - FINDINGS_SHOWN;
  if (more > 0) say(`  and ${more} more`);
  const failed = carried.filter(({ problem }) => problem !== undefined).length;
  const clean = report.findings.length === 0 && restMs !== undefined && made > 0;
  heading(say, clean ? 'Clean' : 'Not clean');
  const rest =
    restMs === undefined ? 'not all at rest' : `all at rest ${seconds(restMs)} s after the last fault`;
  const none = [...unmade.values()].reduce((sum, count) => sum + count, 0);
  for (const [why, count] of [...unmade].sort((a, b) => b[1] - a[1]).slice(0, REASONS_SHOWN))
    say(`  ${count} came to no deal: ${why}`);
  say(
    `  ${made} deals (${none} requests came to none), ${rest}; ${carried.length} faults, ${failed} of them cut short`,
  );
  if (endedByThemselves.length > 0)
    say(`  ended without having been killed, and started again: ${endedByThemselves.join(', ')}`);
  return clean;
}

/** What the last line says, in this order. */
export function figuresOf(seed: number, { made, carried, report }: Outcome) {
  return {
    seed,
    deals: made,
    faults: carried.length,
    kinds: new Set(carried.map(({ fault }) => fault.kind)).size,
    lost: countOf(report, 'lost'),
    doubled: countOf(report, 'doubled'),
    stuck: countOf(report, 'stuck'),
    balanced: countOf(report, 'unbalanced') === 0,
    audit: countOf(report, 'audit') === 0,
  };
}

function faultTable(carried: readonly Carried[]): string {
  const kinds = Object.keys(FAULT_KINDS) as FaultKind[];
  const lines = kinds.flatMap((kind) => {
    const recovered = carried
      .filter(({ fault }) => fault.kind === kind)
      .map(({ recoveredMs }) => recoveredMs)
      .sort((a, b) => a - b);
    if (recovered.length === 0) return [];
    const median = recovered[Math.floor(recovered.length / 2)] ?? 0;
    return [
      [kind, FAULT_KINDS[kind].does, recovered.length, seconds(median), seconds(recovered.at(-1) ?? 0)],
    ];
  });
  return table(['kind', 'what', 'times', 'back after, s', 'at most, s'], lines, [2, 3, 4]);
}

function dealTable(outcomes: Outcome['report']['outcomes']): string {
  const names = [...new Set(outcomes.map(({ outcome }) => outcome))];
  const sum = (test: (one: (typeof outcomes)[number]) => boolean) =>
    outcomes.filter(test).reduce((all, { count }) => all + count, 0);
  const lines = names.map((name) => [
    name,
    ...RAILS.map((rail) => sum((one) => one.outcome === name && one.rail === rail) || '·'),
    sum((one) => one.outcome === name),
  ]);
  const all = ['all', ...RAILS.map((rail) => sum((one) => one.rail === rail)), sum(() => true)];
  const columns = Array.from({ length: RAILS.length + 1 }, (_unused, index) => index + 1);
  return table(['market/clearing', ...RAILS, 'all'], [...lines, all], columns);
}

const seconds = (ms: number) => (ms / 1_000).toFixed(1);
