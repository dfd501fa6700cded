/**
 * `npx tsx bench/plot.ts results.json figure.svg`: draws how the growth bench's operations do against themselves at the
 * fewest stored deals, from the results that a run has stored.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import type { TopLevelSpec } from 'vega-lite';
import { OPERATIONS, type Operation } from './growth/operations';
import type { Figure } from './harness';

const REACH = 0.8;

interface Results {
  at: string;
  results: Figure[];
}

interface Point {
  operation: string;
  deals: number;
  ratio: number;
  low: number;
  high: number;
}

function pointsOf({ results }: Results): Point[] {
  return results.flatMap(({ name, ratio, spread: [low, high] }) => {
    const [, operation, deals] = /^growth_(.+)_(\d+)$/.exec(name) ?? [];
    if (operation === undefined || !(operation in OPERATIONS) || ratio === null) return [];
    return [{ operation: OPERATIONS[operation as Operation], deals: Number(deals), ratio, low, high }];
  });
}

function specOf(values: Point[]): TopLevelSpec {
  const deals = {
    field: 'deals',
    type: 'quantitative' as const,
    scale: { type: 'log' as const },
    title: 'stored deals',
    axis: { format: '~s', values: [...new Set(values.map((point) => point.deals))] },
  };
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    title: 'The same work as the books grow',
    width: 520,
    height: 320,
    background: 'white',
    data: { values },
    layer: [
      {
        mark: { type: 'rule', strokeDash: [4, 4], color: 'gray' },
        encoding: { y: { datum: REACH } },
      },
      {
        mark: { type: 'line', point: true },
        encoding: {
          x: deals,
          y: {
            field: 'ratio',
            type: 'quantitative',
            title: 'rate over the rate at the fewest',
            scale: { zero: true },
          },
          color: { field: 'operation', type: 'nominal', title: null, sort: null },
        },
      },
      {
        mark: { type: 'errorbar', opacity: 0.35 },
        encoding: {
          x: deals,
          y: { field: 'low', type: 'quantitative', title: 'rate over the rate at the fewest' },
          y2: { field: 'high' },
          color: { field: 'operation', type: 'nominal', title: null, sort: null },
        },
      },
    ],
  };
}

async function main(): Promise<void> {
  const [, , from, to] = process.argv;
  if (!from || !to) throw new Error('usage: npx tsx bench/plot.ts results.json figure.svg');
  const points = pointsOf(JSON.parse(readFileSync(from, 'utf8')) as Results);
  if (points.length === 0) throw new Error(`${from} has no figures of growth`);
  // Modules of the other kind, which wait at their top level.
  const [{ parse, View }, { compile }] = await Promise.all([import('vega'), import('vega-lite')]);
  const view = new View(parse(compile(specOf(points)).spec), { renderer: 'none' });
  writeFileSync(to, await view.toSVG());
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
