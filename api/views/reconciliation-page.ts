/** The reconciliation report as one page for people: nothing is loaded from elsewhere, and no script runs. */
import type { ReportDocument } from '../schemas/reconciliation';

type Cell = string | number | null;
interface Column<Row> {
  title: string;
  of: (row: Row) => Cell;
  /** Figures stand at the right. */
  figure?: true;
}

const STYLE = `
  body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 78rem; padding: 0 1rem; color: #1c2430; }
  h1 { font-size: 1.6rem; margin-bottom: 0; } h2 { font-size: 1.15rem; margin: 2.2rem 0 .5rem; }
  p.note { color: #5a6676; margin: .2rem 0 .8rem; }
  table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
  th, td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid #e3e7ec; vertical-align: top; }
  th { border-bottom: 2px solid #b9c2ce; font-weight: 600; }
  .figure { text-align: right; white-space: nowrap; }
  .verdict { display: inline-block; padding: .3rem .8rem; border-radius: .3rem; font-weight: 600; margin-top: .8rem; }
  .good { background: #e2f3e6; color: #145c2a; } .bad { background: #fbe5e3; color: #8c1d13; }
  @media print { body { margin: 0; max-width: none; } }`;

export function reportPage(
  report: ReportDocument,
  about: { from?: string; to?: string; rail?: string },
): string {
  const open = report.breaks.filter(({ status }) => status === 'open');
  const period = `${about.from ?? 'the beginning'} to ${about.to ?? 'today'}`;
  const verdict = report.ties
    ? '<p class="verdict good">The books tie to the statements.</p>'
    : '<p class="verdict bad">The books do not tie to the statements. See the days and breaks below.</p>';
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>AURA reconciliation report</title>
<style>${STYLE}
</style>
</head>
<body>
<h1>Reconciliation report</h1>
<p class="note">${escape(about.rail ?? 'All rails')}, business days from ${escape(period)}. Made ${escape(report.generated_at)}.</p>
${verdict}
${report.truncated ? '<p class="note">There is more than fits here: narrow the days or the rail.</p>' : ''}
${section('Balances by day', 'Opening + credits − debits − fees = closing. What the ledger has as cash and what is not matched yet make up the closing balance; where the rail gave its own balance, it is the same.', DAYS, report.days)}
${section('Open differences', 'Each has to be explained, matched or decided.', BREAKS, open)}
${section('Open differences by age', 'Age in days since they were found.', AGEING, report.ageing)}
${section('Totals by principal', 'A line that belongs to nobody, or what a batch leaves over, has no principal. The difference is zero where the ledger booked what the lines say.', TOTALS, report.totals)}
${section('How lines were matched', '', MATCHES, report.matches)}
${section('Latest readings of the statements', '', RUNS, report.runs)}
</body>
</html>
`;
}

const DAYS: Column<ReportDocument['days'][number]>[] = [
  { title: 'Day', of: (row) => row.business_date },
  { title: 'Rail', of: (row) => row.rail },
  { title: 'Currency', of: (row) => row.currency },
  { title: 'Lines', of: (row) => row.lines, figure: true },
  { title: 'Opening', of: (row) => row.opening_balance, figure: true },
  { title: 'Credits', of: (row) => row.credits, figure: true },
  { title: 'Debits', of: (row) => row.debits, figure: true },
  { title: 'Fees', of: (row) => row.fees, figure: true },
  { title: 'Closing', of: (row) => row.closing_balance, figure: true },
  { title: 'Ledger cash', of: (row) => row.ledger_cash, figure: true },
  { title: 'Not matched', of: (row) => row.unmatched, figure: true },
  { title: "Rail's balance", of: (row) => row.statement_closing ?? '–', figure: true },
  { title: 'Ties', of: (row) => (row.ties ? 'yes' : 'NO') },
];

const BREAKS: Column<ReportDocument['breaks'][number]>[] = [
  { title: 'Break', of: (row) => row.break_id },
  { title: 'Rail', of: (row) => row.rail },
  { title: 'Kind', of: (row) => words(row.kind) },
  { title: 'What', of: (row) => row.detail },
  { title: 'Currency', of: (row) => row.currency },
  { title: 'Expected', of: (row) => row.expected, figure: true },
  { title: 'On the statement', of: (row) => row.actual, figure: true },
  { title: 'Found', of: (row) => row.found_at.slice(0, 10) },
  { title: 'Days', of: (row) => row.age_days, figure: true },
];

const AGEING: Column<ReportDocument['ageing'][number]>[] = [
  { title: 'Rail', of: (row) => row.rail },
  { title: 'Kind', of: (row) => words(row.kind) },
  { title: 'Currency', of: (row) => row.currency },
  { title: 'Age in days', of: (row) => row.age },
  { title: 'Differences', of: (row) => row.count, figure: true },
];

const TOTALS: Column<ReportDocument['totals'][number]>[] = [
  { title: 'Day', of: (row) => row.business_date },
  { title: 'Rail', of: (row) => row.rail },
  { title: 'Currency', of: (row) => row.currency },
  { title: 'Principal', of: (row) => row.principal_id ?? '–' },
  { title: 'Lines', of: (row) => row.lines, figure: true },
  { title: 'Credits', of: (row) => row.credits, figure: true },
  { title: 'Debits', of: (row) => row.debits, figure: true },
  { title: 'Fees', of: (row) => row.fees, figure: true },
  { title: 'Not matched', of: (row) => row.unmatched_lines, figure: true },
  { title: 'Ledger cash', of: (row) => row.ledger_cash, figure: true },
  { title: 'Difference', of: (row) => row.difference, figure: true },
];

const MATCHES: Column<ReportDocument['matches'][number]>[] = [
  { title: 'Rail', of: (row) => row.rail },
  { title: 'Rule', of: (row) => words(row.rule) },
  { title: 'Meaning', of: (row) => row.meaning },
  { title: 'Matches', of: (row) => row.matches, figure: true },
  { title: 'Lines', of: (row) => row.lines, figure: true },
];

const RUNS: Column<ReportDocument['runs'][number]>[] = [
  { title: 'Rail', of: (row) => row.rail },
  { title: 'Currency', of: (row) => row.currency },
  { title: 'From', of: (row) => row.period_from },
  { title: 'To', of: (row) => row.period_to },
  { title: 'Opening', of: (row) => row.opening_balance ?? '–', figure: true },
  { title: 'Closing', of: (row) => row.closing_balance ?? '–', figure: true },
  { title: 'Lines', of: (row) => row.lines, figure: true },
  { title: 'Matched', of: (row) => row.matched, figure: true },
  { title: 'Differences', of: (row) => row.breaks, figure: true },
];

const words = (name: string) => name.replaceAll('_', ' ');

function section<Row>(title: string, note: string, columns: Column<Row>[], rows: readonly Row[]): string {
  const head = columns
    .map(({ title: name, figure }) => `<th${classOf(figure)}>${escape(name)}</th>`)
    .join('');
  const body = rows
    .map((row) => {
      const cells = columns.map(
        ({ of, figure }) => `<td${classOf(figure)}>${escape(String(of(row) ?? ''))}</td>`,
      );
      return `<tr>${cells.join('')}</tr>`;
    })
    .join('\n');
  const content =
    rows.length === 0
      ? '<p class="note">None.</p>'
      : `<table>\n<thead><tr>${head}</tr></thead>\n<tbody>\n${body}\n</tbody>\n</table>`;
  return `<h2>${escape(title)}</h2>\n${note === '' ? '' : `<p class="note">${escape(note)}</p>\n`}${content}`;
}

const classOf = (figure: true | undefined) => (figure ? ' class="figure"' : '');

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** What comes from outside is text, never markup. */
function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ESCAPES[character] ?? '');
}
