/**
 * What the clearinghouse is made of, and what is known of it:
 *
 *   npm run sbom [file]    writes a CycloneDX bill of materials, checks its form, and looks for known holes
 *
 * A hole of high severity in what is shipped fails it. Where the registry answers no audits, one line says so.
 */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';

const OUTPUT_MAX_BYTES = 100_000_000;

interface Component {
  name?: string;
  version?: string;
  purl?: string;
  'bom-ref'?: string;
}

interface Bom {
  bomFormat?: string;
  specVersion?: string;
  metadata?: { component?: Component };
  components?: Component[];
  dependencies?: { ref: string; dependsOn?: string[] }[];
}

function npm(...args: string[]): { status: number; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync('npm', args, {
    encoding: 'utf8',
    maxBuffer: OUTPUT_MAX_BYTES,
  });
  return { status: status ?? 1, stdout, stderr };
}

/** What is wrong with a bill of materials; undefined where nothing is. */
export function problemOfBom(bom: Bom): string | undefined {
  const { components = [], dependencies = [], metadata } = bom;
  if (bom.bomFormat !== 'CycloneDX' || !/^1\.[5-9]$/.test(bom.specVersion ?? ''))
    return 'it is not CycloneDX 1.5 or later';
  if (!metadata?.component?.name) return 'it does not say what it is of';
  if (components.length === 0) return 'it has no components';
  const nameless = components.find(
    ({ name, version, purl }) => !name || !version || !purl?.startsWith('pkg:npm/'),
  );
  if (nameless) return `${nameless.name ?? 'a component'} has no version or package URL`;
  const known = new Set([metadata.component, ...components].map((each) => each['bom-ref']));
  const unknown = dependencies
    .flatMap(({ ref, dependsOn = [] }) => [ref, ...dependsOn])
    .find((ref) => !known.has(ref));
  return unknown === undefined ? undefined : `it depends on ${unknown}, which it does not have`;
}

/** `none`, `found`, or why nothing is known. */
export function verdictOfAudit({
  status,
  stdout,
}: {
  status: number;
  stdout: string;
}): 'none' | 'found' | 'unknown' {
  try {
    const report = JSON.parse(stdout) as { metadata?: { vulnerabilities?: Record<string, number> } };
    const counts = report.metadata?.vulnerabilities;
    if (!counts) return 'unknown';
    return (counts.high ?? 0) + (counts.critical ?? 0) > 0 || status > 1 ? 'found' : 'none';
  } catch {
    return 'unknown';
  }
}

function main(file = 'sbom.cdx.json'): number {
  const made = npm('sbom', '--sbom-format', 'cyclonedx', '--omit', 'dev');
  if (made.status !== 0) {
    process.stderr.write(`no bill of materials: ${made.stderr.trim().split('\n')[0] ?? ''}\n`);
    return 1;
  }
  const bom = JSON.parse(made.stdout) as Bom;
  const problem = problemOfBom(bom);
  if (problem !== undefined) {
    process.stderr.write(`the bill of materials does not hold: ${problem}\n`);
    return 1;
  }
  writeFileSync(file, made.stdout);
  process.stdout.write(
    `${file}: CycloneDX ${bom.specVersion ?? ''}, ${bom.components?.length ?? 0} components\n`,
  );
  const audited = npm('audit', '--omit=dev', '--audit-level=high', '--json');
  const verdict = verdictOfAudit(audited);
  if (verdict === 'unknown')
    process.stdout.write('known holes: NOT CHECKED, the registry answers no audits\n');
  if (verdict === 'none') process.stdout.write('known holes of high severity: none\n');
  if (verdict === 'found') process.stderr.write('known holes of high severity: see npm audit --omit=dev\n');
  return verdict === 'found' ? 1 : 0;
}

if (require.main === module) process.exitCode = main(process.argv[2]);
