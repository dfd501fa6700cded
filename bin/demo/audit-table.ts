/** An audit's report for people and for programs. */
import type { AuditReport } from '../../store/audit';
import { dim, strong, table, tick } from './print';

export function auditTable({ laws, ok }: AuditReport): string {
  const shown = table(
    ['', 'law', 'checked', 'violations'],
    laws.map(({ law, checked, violations }) => [tick(violations === 0), law, checked, violations]),
    [2, 3],
  );
  const named = laws.flatMap(({ law, says, named: first, violations }) => [
    ...(violations > 0 ? [`  ${law}: ${dim(says)}`] : []),
    ...first.map(({ subject, detail }) => `  ${law}: ${strong(subject)} ${detail}`),
    ...(violations > first.length ? [dim(`  ${law}: and ${violations - first.length} more`)] : []),
  ]);
  const broken = laws.filter(({ violations }) => violations > 0).length;
  return [shown, ...named, ok ? '  every law holds' : `  ${broken} of ${laws.length} laws are broken`].join(
    '\n',
  );
}

export function auditJson({ laws, ok }: AuditReport): string {
  return JSON.stringify({
    laws: laws.map(({ law, checked, violations }) => ({ law, checked, violations })),
    ok,
  });
}
